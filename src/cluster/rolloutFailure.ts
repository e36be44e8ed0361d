import { codedError, isCodedError, type CodedError } from '../errors.ts';
import { kubectlJson } from './kubectl.ts';
import { objectName, type Event, type List, type Pod } from './kubernetes.ts';
import { formatProblem, podProblems, selectorText, warningLines, type PodProblem } from './podProblems.ts';
import type { Progress } from './progress.ts';
import type { RolloutOptions } from './rollout.ts';

const shownWarnings = 5;
const shownLogLines = 10;

/** What keeps the workload's pods from being ready, newest pod first. */
export async function readProblems({ kubectl, namespace, changed }: RolloutOptions): Promise<PodProblem[]> {
  const selector = selectorText(changed.spec?.selector ?? {});
  return ifPossible([], async () => {
    const { items } = await kubectlJson<List<Pod>>(kubectl, ['get', 'pods', '--namespace', namespace, '--selector', selector]);
    return podProblems(items);
  });
}

/** Reports all that is known about a rollout whose time is up, and gives the error to throw. */
export async function rolloutTimeout(options: RolloutOptions, progress: Progress, seconds: number): Promise<CodedError> {
  const { changed, namespace, report, undo } = options;
  const [problem] = await readProblems(options);
  const warnings = await readWarnings(options);
  if (warnings.length > 0) report('last warnings:');
  for (const line of warnings) report(`  ${line}`);
  const log = problem?.restarted === true ? await readLog(options, problem) : [];
  if (log.length > 0) report(`last lines of the log of pod ${problem?.pod ?? ''}:`);
  for (const line of log) report(`  ${line}`);
  const cause = problem === undefined ? progress.problem : formatProblem(problem);
  const what = `the rollout is not complete after ${seconds}s: ${progress.text}`;
  return codedError('ROLLOUT_FAILED', cause === undefined ? what : `${what}; ${cause}`, {
    where: `${objectName(changed)} in namespace ${namespace}`,
    hint: undo,
  });
}

async function readWarnings({ kubectl, namespace, changed }: RolloutOptions): Promise<string[]> {
  return ifPossible([], async () => {
    const { items } = await kubectlJson<List<Event>>(kubectl, ['get', 'events', '--namespace', namespace, '--field-selector', 'type=Warning']);
    return warningLines(items, changed.metadata.name, shownWarnings);
  });
}

/** Of the run before: the container of a pod that restarts again and again is mostly waiting. */
async function readLog({ kubectl, namespace }: RolloutOptions, { pod, container }: PodProblem): Promise<string[]> {
  const args = ['logs', pod, '--namespace', namespace, '--previous', `--tail=${shownLogLines}`, ...(container === undefined ? [] : ['--container', container])];
  return ifPossible([], async () => {
    const { stdout } = await kubectl(args);
    return stdout.split('\n').filter((line) => line !== '');
  });
}

/** Details for an error are shown as far as they can be had: they must not hide the error itself. */
async function ifPossible<T>(otherwise: T, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isCodedError(error) || error.code === 'INTERRUPTED') throw error;
    return otherwise;
  }
}
