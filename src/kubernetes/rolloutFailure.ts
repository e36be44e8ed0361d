import { codedError, type CodedError, rethrowUnlessRecoverable } from '../errors.ts';
import { selectorOf, selectorText } from './api/labels.ts';
import { objectName, type Pod } from './api/types.ts';
import { moreEventsLine, readEvents } from './events.ts';
import { managedByAnother } from './owners.ts';
import { readPages } from './pages.ts';
import { formatProblem, podProblems, unreadyPod, warningLines, type PodProblem } from './podProblems.ts';
import type { RolloutOptions } from './rolloutOptions.ts';
import type { Progress } from './rolloutProgress.ts';
import { createSlimmer } from './slim.ts';

const shownWarnings = 5;
const shownLogLines = 10;

/** The workload's pods, those of the rollout and those from before. */
export async function readPods({ kubectl, namespace, changed }: RolloutOptions): Promise<readonly Pod[]> {
  const selector = selectorText(selectorOf(changed));
  const slim = createSlimmer();
  return ifPossible([], async () =>
    readPages(kubectl, { kind: 'pods', namespace, labelSelector: selector }, (pod) =>
      managedByAnother(changed, pod.metadata) ? undefined : slim<Pod>(pod),
    ),
  );
}

/** Reports what is known about a rollout that has timed out, and returns the error to throw. */
export async function rolloutTimeout(
  options: RolloutOptions,
  progress: Progress,
  seconds: number,
): Promise<CodedError> {
  const { changed, namespace, report, undo } = options;
  const pods = await readPods(options);
  const problem = podProblems(pods)[0] ?? unreadyPod(pods);
  const warnings = await readWarnings(options, problem);
  if (warnings.length > 0) report('last warnings:');
  for (const line of warnings) report(`  ${line}`);
  const log = problem === undefined || problem.log === 'none' ? [] : await readLog(options, problem);
  if (log.length > 0) report(`last lines of the log of pod ${problem?.pod ?? ''}:`);
  for (const line of log) report(`  ${line}`);
  const cause = problem === undefined ? progress.problem : formatProblem(problem);
  const what = `the rollout is not complete after ${seconds}s: ${progress.text}`;
  return codedError('ROLLOUT_FAILED', cause === undefined ? what : `${what}; ${cause}`, {
    where: `${objectName(changed)} in namespace ${namespace}`,
    hint: undo,
  });
}

async function readWarnings(
  { kubectl, namespace, changed }: RolloutOptions,
  problem: PodProblem | undefined,
): Promise<string[]> {
  return ifPossible([], async () => {
    const events = await readEvents(kubectl, namespace, 'type=Warning');
    return [...warningLines(events.kept, changed.metadata.name, problem, shownWarnings), ...moreEventsLine(events)];
  });
}

async function readLog({ kubectl, namespace }: RolloutOptions, { pod, container, log }: PodProblem): Promise<string[]> {
  const which = [...(container === undefined ? [] : ['--container', container]), `--previous=${log === 'previous'}`];
  const args = ['logs', pod, '--namespace', namespace, ...which, `--tail=${shownLogLines}`];
  return ifPossible([], async () => {
    const { stdout } = await kubectl(args);
    return stdout.split('\n').filter((line) => line !== '');
  });
}

/** The details of an error, if they can be read. A failure to read them must not hide the error itself. */
async function ifPossible<T>(otherwise: T, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return otherwise;
  }
}
