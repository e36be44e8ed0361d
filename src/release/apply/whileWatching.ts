import { setTimeout as sleep } from 'node:timers/promises';
import { objectName, type Pod, type WorkloadObject } from '../../kubernetes/api/types.ts';
import { type Kubectl, kubectlItems } from '../../kubernetes/kubectl.ts';
import { formatProblem, podProblems } from '../../kubernetes/podProblems.ts';
import { ifPossible } from '../../kubernetes/reading.ts';
import { rolloutProgress } from '../../kubernetes/rolloutProgress.ts';
import type { Report } from '../../step.ts';
import { releaseSelector } from '../helm/release.ts';

const everyMs = 1500;
/** Milliseconds after which a line is printed even without a change, to show that the command is still waiting. */
const quietSeconds = 10;

/**
 * Reports the progress of a release while `work` runs: the replicas of its Deployment, its hooks' Jobs, and what keeps
 * pods from starting, each once. A cluster that does not answer does not stop the work.
 */
export async function whileWatching<T>(
  kubectl: Kubectl,
  release: string,
  report: Report,
  work: () => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const watching = watch(kubectl, release, report, done.signal);
  try {
    return await work();
  } finally {
    done.abort();
    await watching;
  }
}

async function watch(kubectl: Kubectl, release: string, report: Report, done: AbortSignal): Promise<void> {
  const from = performance.now();
  const seconds = (): number => Math.round((performance.now() - from) / 1000);
  const said = new Map<string, { readonly text: string; readonly at: number }>();
  const problems = new Set<string>();
  const selector = ['--selector', releaseSelector(release)];
  // The first check is a moment later, so that nothing is printed for a release that is ready at once.
  while (await pause(done)) {
    const objects = await items<WorkloadObject>(kubectl, ['get', 'deployments.apps,jobs.batch', ...selector]);
    const pods = await items<Pod>(kubectl, ['get', 'pods', ...selector]);
    if (done.aborted) return;
    for (const object of objects) {
      const name = objectName(object);
      const text = stateOf(object);
      const last = said.get(name);
      if (text === undefined || (last?.text === text && seconds() - last.at < quietSeconds)) continue;
      if (last?.text === text && rolloutProgress(object).done && object.kind === 'Deployment') continue;
      said.set(name, { text, at: seconds() });
      report(`  ${name}: ${text}, ${seconds()}s`);
    }
    for (const line of podProblems(pods).map(formatProblem)) {
      if (!problems.has(line)) report(`  ${line}`);
      problems.add(line);
    }
  }
}

async function pause(done: AbortSignal): Promise<boolean> {
  try {
    await sleep(everyMs, undefined, { signal: done });
    return true;
  } catch {
    return false;
  }
}

async function items<T>(kubectl: Kubectl, args: readonly string[]): Promise<readonly T[]> {
  return ifPossible([], async () => kubectlItems<T>(kubectl, args));
}

interface JobStatus {
  readonly active?: number;
  readonly succeeded?: number;
  readonly failed?: number;
}

function stateOf(object: WorkloadObject): string | undefined {
  if (object.kind === 'Deployment') return rolloutProgress(object).text;
  const { active = 0, succeeded = 0, failed = 0 } = (object.status ?? {}) as JobStatus;
  if (succeeded > 0) return 'done';
  if (active > 0) return failed === 0 ? 'running' : `running, after ${failed} failed`;
  return failed > 0 ? `failed ${failed} times` : undefined;
}
