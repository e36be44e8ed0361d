import type { Event, Pod } from '../../kubernetes/api/types.ts';
import { moreEventsLine, readEvents } from '../../kubernetes/events.ts';
import { type Kubectl, kubectlItems } from '../../kubernetes/kubectl.ts';
import type { PartOfList } from '../../kubernetes/pages.ts';
import { formatProblem, podProblems, unreadyPod, warningLines, type PodProblem } from '../../kubernetes/podProblems.ts';
import { ifPossible } from '../../kubernetes/reading.ts';
import type { Report } from '../../step.ts';
import { fieldsOf, parseJson, textOf } from '../../typed.ts';
import { componentLabel, components } from '../../ways/webhook/names.ts';
import { releaseSelector } from '../helm/release.ts';

const shownProblems = 3;
const shownWarnings = 8;
const shownLogLines = 10;

/** Whose pods and events are read after a failure. */
export interface DiagnosticsRequest {
  readonly kubectl: Kubectl;
  readonly release: string;
  readonly namespace: string;
  /** The prefix of the names of the release's objects. */
  readonly prefix: string;
  /** Names of events that are older than what failed, see {@link eventNames}. */
  readonly before: ReadonlySet<string>;
  readonly report: Report;
}

/** The names of the present events, so that later events can be told apart without comparing clocks. */
export async function eventNames(kubectl: Kubectl, namespace: string): Promise<ReadonlySet<string>> {
  return new Set((await readWarnings(kubectl, namespace)).kept.map(({ metadata }) => metadata.name));
}

/**
 * Reports why a release does not become ready: its pods' problems, the last warnings about its objects, and the last
 * lines of the logs. Parts that cannot be read are left out, because they must not hide the failure itself.
 * @returns the most likely reason, one or two clauses
 */
export async function reportDiagnostics({
  kubectl,
  release,
  namespace,
  prefix,
  before,
  report,
}: DiagnosticsRequest): Promise<string | undefined> {
  const pods = await read<Pod>(kubectl, ['get', 'pods', '--selector', releaseSelector(release)]);
  const problems = problemsOf(pods);
  for (const problem of problems) report(formatProblem(problem));
  const found = await readWarnings(kubectl, namespace);
  const events = found.kept.filter(({ metadata }) => !before.has(metadata.name));
  const warnings = [...relatedWarnings(events, prefix, pods, problems), ...moreEventsLine(found)];
  if (warnings.length > 0) report('last warnings:');
  for (const line of warnings) report(`  ${line}`);
  for (const problem of problems) await reportLog(kubectl, problem, report);
  const reasons = [...problems.slice(0, 1).map(formatProblem), ...(await clientsRefused(kubectl, release, report))];
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

function problemsOf(pods: readonly Pod[]): PodProblem[] {
  const named = podProblems(pods);
  const unready = unreadyPod(pods);
  return named.length > 0 || unready === undefined ? named.slice(0, shownProblems) : [unready];
}

/**
 * The warnings about these problems, or about a pod that is gone: Kubernetes deletes the pods of a Job whose time is
 * up. Pure.
 */
export function relatedWarnings(
  events: readonly Event[],
  prefix: string,
  pods: readonly Pod[],
  problems: readonly PodProblem[],
): string[] {
  const there = new Set(pods.map(({ metadata }) => metadata.name));
  const gone = events.flatMap(({ involvedObject: { kind, name = '' } = {} }) =>
    kind === 'Pod' && name.startsWith(`${prefix}-`) && !there.has(name) ? [name] : [],
  );
  const concerned: readonly (PodProblem | undefined)[] = [
    ...[...new Set(gone)].map((pod) => ({ pod, since: '', reason: '', message: '', log: 'none' as const })),
    ...(problems.length === 0 ? [undefined] : problems),
  ];
  const lines = concerned.flatMap((problem) => warningLines(events, prefix, problem, shownWarnings));
  return [...new Set(lines)].slice(-shownWarnings);
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

/** What the injectors' logs have about refused clients, because the API server does not report it. */
async function clientsRefused(kubectl: Kubectl, release: string, report: Report): Promise<string[]> {
  const injectors = `${releaseSelector(release)},${componentLabel}=${components.injector}`;
  const log = await ifPossible(
    '',
    async () => (await kubectl(['logs', '--selector', injectors, '--since=10m', '--tail=1000'])).stdout,
  );
  const refused = refusedClients(log);
  for (const line of refused) report(line);
  return refused.slice(-1);
}

/**
 * A clause for each `client_refused` of an injector's log; of each address the last one. Pure.
 * @param log lines of JSON, mixed with other lines
 */
export function refusedClients(log: string): string[] {
  const lines = log.split('\n').filter((line) => line.includes('"client_refused"'));
  const clients = lines.flatMap((line) => {
    const { event, address, certificate } = fieldsOf(parseJson(line));
    return event === 'client_refused'
      ? [[(textOf(address) ?? '').replace(/^::ffff:(?=\d+\.)/, ''), textOf(certificate) ?? ''] as const]
      : [];
  });
  return [...new Map(clients)].map(([address, problem]) => {
    const why =
      problem === 'none' ? 'it presents no client certificate' : `its client certificate is refused (${problem})`;
    return `the injector, whose webhook.clientCA demands a client certificate, refused ${address}: ${why}; if that is the API server, see "Client certificates" in docs/injector.md`;
  });
}

async function readWarnings(kubectl: Kubectl, namespace: string): Promise<PartOfList<Event>> {
  return ifPossible({ kept: [], complete: true }, async () => readEvents(kubectl, namespace, 'type=Warning'));
}

async function read<T>(kubectl: Kubectl, args: readonly string[]): Promise<readonly T[]> {
  return ifPossible([], async () => kubectlItems<T>(kubectl, args));
}
