import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { codedError, isCodedError } from '../errors.ts';
import { shell } from '../shell.ts';
import { objectName, templateAt, type WorkloadObject } from './api/types.ts';
import { kubectlJson } from './kubectl.ts';
import { formatProblem, podProblems } from './podProblems.ts';
import { readPods, rolloutTimeout } from './rolloutFailure.ts';
import type { RolloutOptions } from './rolloutOptions.ts';
import { rolloutProgress } from './rolloutProgress.ts';

/** How the wait for a rollout ended. */
export interface RolloutResult {
  readonly state: 'complete' | 'interrupted';
  readonly seconds: number;
}

/** How often the pods are read: in every third round, because it needs a second request. */
const podsEvery = 3;
/** After this time a line is repeated even without a change, to show that the command still works. */
const quietSeconds = 10;

/**
 * Waits until every pod has the new template. It reads the workload once a second, and reports each step and each new
 * problem.
 * @throws ROLLOUT_FAILED after the timeout, or when somebody else changes the pod template
 */
export async function waitForRollout(options: RolloutOptions): Promise<RolloutResult> {
  const start = performance.now();
  const elapsed = (): number => Math.round((performance.now() - start) / 1000);
  try {
    await watchRollout(options, elapsed);
    return { state: 'complete', seconds: elapsed() };
  } catch (error) {
    if (!isInterruption(error)) throw error;
    const { changed, target, namespace, report } = options;
    report(
      `${objectName(changed)}: no longer waiting; the rollout continues by itself (${shell`kubectl rollout status ${target} --namespace ${namespace}`})`,
    );
    return { state: 'interrupted', seconds: elapsed() };
  }
}

async function watchRollout(options: RolloutOptions, elapsed: () => number): Promise<void> {
  const { changed, timeoutSeconds, signal, report } = options;
  const tell = teller(objectName(changed), elapsed, report);
  for (let round = 1; ; round += 1) {
    const object = await readAgain(options);
    if (object !== undefined) {
      const progress = rolloutProgress(object);
      tell.progress(progress.text);
      if (progress.done) return;
      if (progress.problem !== undefined) tell.problem(progress.problem);
      if (round % podsEvery === 0) {
        const [problem] = podProblems(await readPods(options));
        if (problem !== undefined) tell.problem(formatProblem(problem));
      }
      if (elapsed() >= timeoutSeconds) throw await rolloutTimeout(options, progress, elapsed());
    } else if (elapsed() >= timeoutSeconds) {
      throw await rolloutTimeout(options, { done: false, text: 'the API server does not answer' }, elapsed());
    }
    await sleep(1000, undefined, signal === undefined ? {} : { signal });
  }
}

/** The workload now, or undefined while the API server cannot be reached: it may be restarting. */
async function readAgain({
  kubectl,
  target,
  namespace,
  changed,
  path,
  report,
}: RolloutOptions): Promise<WorkloadObject | undefined> {
  let object: WorkloadObject;
  try {
    object = await kubectlJson<WorkloadObject>(kubectl, ['get', target, '--namespace', namespace]);
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'CLUSTER_UNREACHABLE') throw error;
    report(`  ${error.message}; trying again`);
    return undefined;
  }
  // Otherwise, when a tool reverts the change, the rollout would look complete.
  if (isDeepStrictEqual(templateAt(object, path), templateAt(changed, path))) return object;
  throw codedError('ROLLOUT_FAILED', 'somebody else changed the pod template during the rollout', {
    where: `${objectName(changed)} in namespace ${namespace}`,
    hint: `See who did: ${shell`kubectl get ${target} --namespace ${namespace} -o yaml --show-managed-fields`}.`,
  });
}

function isInterruption(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === 'AbortError' || (isCodedError(error) && error.code === 'INTERRUPTED'))
  );
}

interface Teller {
  /** Reports a text that is new, or the same text again after a while. */
  readonly progress: (text: string) => void;
  /** Reports a text once. */
  readonly problem: (text: string) => void;
}

function teller(name: string, elapsed: () => number, report: (line: string) => void): Teller {
  const said = new Set<string>();
  let last = { text: '', seconds: 0 };
  return {
    progress: (text) => {
      const seconds = elapsed();
      if (text === last.text && seconds - last.seconds < quietSeconds) return;
      last = { text, seconds };
      report(`${name}: ${text}, ${seconds}s`);
    },
    problem: (text) => {
      if (said.has(text)) return;
      said.add(text);
      report(`  ${text}`);
    },
  };
}
