import { isTerminating } from './api/pods.ts';
import type { ContainerStatus, Event, Metadata, Pod } from './api/types.ts';

/** Why a pod is not ready. */
export interface PodProblem {
  readonly pod: string;
  /** When the pod was created, by the clock of the API server. */
  readonly since: string;
  /** Absent when the pod has no node yet. */
  readonly container?: string;
  /** Kubernetes' word: `ImagePullBackOff`, `CrashLoopBackOff`, `Unschedulable`, … */
  readonly reason: string;
  readonly message: string;
  /** Which run of the container may have logged the cause. */
  readonly log: 'current' | 'previous' | 'none';
}

/** `pod web-1, container packet-capture: ErrImageNeverPull: …` */
export function formatProblem({ pod, container, reason, message }: PodProblem): string {
  const place = container === undefined ? `pod ${pod}` : `pod ${pod}, container ${container}`;
  return [place, reason, message].filter((part) => part !== '').join(': ');
}

/** Every pod waits for these when it starts. */
const ordinary: readonly string[] = ['ContainerCreating', 'PodInitializing'];

/** The problems that Kubernetes names. Those of new pods come first, because old pods do not belong to this rollout. */
export function podProblems(pods: readonly Pod[]): PodProblem[] {
  return newestFirst(pods).flatMap((pod) => problemOf(pod) ?? []);
}

/** The newest pod that is not ready; for a timeout without a problem that Kubernetes names. */
export function unreadyPod(pods: readonly Pod[]): PodProblem | undefined {
  const conditions = newestFirst(pods).flatMap(({ metadata, status }) => {
    const ready = status?.conditions?.find(({ type, status: value }) => type === 'Ready' && value === 'False');
    return ready === undefined
      ? []
      : [{ ...identity(metadata), reason: ready.reason ?? '', message: ready.message ?? '', log: 'none' as const }];
  });
  return conditions[0];
}

function newestFirst(pods: readonly Pod[]): Pod[] {
  const living = pods.filter((pod) => !isTerminating(pod));
  return living.toSorted((a, b) =>
    (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
  );
}

function problemOf({ metadata, status = {} }: Pod): PodProblem | undefined {
  const unplaced = status.conditions?.find(({ type, status: value }) => type === 'PodScheduled' && value === 'False');
  if (unplaced !== undefined)
    return { ...identity(metadata), reason: unplaced.reason ?? '', message: unplaced.message ?? '', log: 'none' };
  for (const container of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
    const trouble = troubleOf(container);
    if (trouble !== undefined) return { ...identity(metadata), container: container.name, ...trouble };
  }
  return undefined;
}

function identity({ name, creationTimestamp = '' }: Metadata): { readonly pod: string; readonly since: string } {
  return { pod: name, since: creationTimestamp };
}

function troubleOf({
  state = {},
  restartCount = 0,
}: ContainerStatus): Pick<PodProblem, 'reason' | 'message' | 'log'> | undefined {
  const { waiting, terminated } = state;
  if (waiting !== undefined) {
    const { reason = '', message = '' } = waiting;
    return ordinary.includes(reason) ? undefined : { reason, message, log: restartCount > 0 ? 'previous' : 'none' };
  }
  if (terminated === undefined || terminated.exitCode === 0) return undefined;
  const { reason = '', message = `exit code ${terminated.exitCode ?? 'unknown'}` } = terminated;
  return { reason, message, log: 'current' };
}

/**
 * The last warnings about the workload, its ReplicaSets, and the pod with the problem, each text once. Events from
 * before that pod was created belong to an earlier rollout and are left out.
 * @param workload the name of the workload, with which the names of its ReplicaSets begin
 */
export function warningLines(
  events: readonly Event[],
  workload: string,
  problem: PodProblem | undefined,
  limit: number,
): string[] {
  const about = events.filter((event) => {
    const { kind, name = '' } = event.involvedObject ?? {};
    if (event.type !== 'Warning' || happenedAt(event) < (problem?.since ?? '')) return false;
    return kind === 'Pod' ? name === problem?.pod : name === workload || name.startsWith(`${workload}-`);
  });
  const ordered = about.toSorted((a, b) => happenedAt(a).localeCompare(happenedAt(b)));
  const lines = ordered.map(({ reason, message, involvedObject }) => {
    return `${involvedObject?.kind?.toLowerCase() ?? ''}/${involvedObject?.name ?? ''}: ${reason ?? ''}: ${(message ?? '').trim()}`;
  });
  return [...new Set(lines)].slice(-limit);
}

function happenedAt({ lastTimestamp, eventTime, metadata }: Event): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}
