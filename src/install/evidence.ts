import { isCodedError } from '../errors.ts';
import type { Kubectl } from '../cluster/index.ts';
import { kubectlJson } from '../cluster/kubectl.ts';
import type { Event, List, Pod } from '../cluster/kubernetes.ts';
import { formatProblem, podProblems, unreadyPod, warningLines, type PodProblem } from '../cluster/podProblems.ts';
import type { Report } from './step.ts';

const shownProblems = 3;
const shownWarnings = 8;
const shownLogLines = 10;

/** The pods of a release, its hooks' too. */
export function releaseSelector(release: string): string {
  return `app.kubernetes.io/instance=${release}`;
}

/**
 * Reports why a release does not come up: its pods' problems, the last warnings about its objects, and the last lines
 * of the logs. As far as it can be had: what is missing must not hide the failure itself.
 * @param prefix what the names of the release's objects begin with
 */
export async function reportEvidence(kubectl: Kubectl, release: string, prefix: string, report: Report): Promise<void> {
  const pods = await read<Pod>(kubectl, ['get', 'pods', '--selector', releaseSelector(release)]);
  const named = podProblems(pods);
  const unready = unreadyPod(pods);
  const problems = (named.length > 0 || unready === undefined ? named : [unready]).slice(0, shownProblems);
  for (const problem of problems) report(formatProblem(problem));
  const events = await read<Event>(kubectl, ['get', 'events', '--field-selector', 'type=Warning']);
  const warnings = [...new Set(problems.length === 0 ? warningsOf(events, prefix, pods, undefined) : problems.flatMap((problem) => warningsOf(events, prefix, pods, problem)))];
  if (warnings.length > 0) report('last warnings:');
  for (const line of warnings.slice(-shownWarnings)) report(`  ${line}`);
  for (const problem of problems) await reportLog(kubectl, problem, report);
}

/** Of a Job that has failed for good, Kubernetes may have deleted the pods: their events are still there. */
function warningsOf(events: readonly Event[], prefix: string, pods: readonly Pod[], problem: PodProblem | undefined): string[] {
  const gone = events.filter(({ involvedObject }) => {
    const { kind, name = '' } = involvedObject ?? {};
    return kind === 'Pod' && name.startsWith(`${prefix}-`) && !pods.some(({ metadata }) => metadata.name === name);
  });
  const renamed = gone.flatMap((event) => warningLines([event], prefix, { pod: event.involvedObject?.name ?? '', since: '', reason: '', message: '', log: 'none' }, 1));
  return [...warningLines(events, prefix, problem, shownWarnings), ...renamed.slice(-shownWarnings)];
}

async function reportLog(kubectl: Kubectl, { pod, container, log }: PodProblem, report: Report): Promise<void> {
  if (log === 'none') return;
  const which = [...(container === undefined ? [] : ['--container', container]), `--previous=${log === 'previous'}`];
  const lines = await ifPossible([], async () => {
    const { stdout } = await kubectl(['logs', pod, ...which, `--tail=${shownLogLines}`]);
    return stdout.split('\n').filter((line) => line !== '');
  });
  if (lines.length > 0) report(`last lines of the log of pod ${pod}:`);
  for (const line of lines) report(`  ${line}`);
}

async function read<T>(kubectl: Kubectl, args: readonly string[]): Promise<readonly T[]> {
  return ifPossible([], async () => (await kubectlJson<List<T>>(kubectl, args)).items);
}

/** What is shown beside the work itself must not end it. */
export async function ifPossible<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return otherwise;
  }
}
