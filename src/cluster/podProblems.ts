import type { ContainerStatus, Event, LabelSelector, Pod } from './kubernetes.ts';

/** What keeps a pod from being ready. */
export interface PodProblem {
  readonly pod: string;
  /** Absent when the pod is not even placed on a node. */
  readonly container?: string;
  /** As Kubernetes has it: `ImagePullBackOff`, `CrashLoopBackOff`, `Unschedulable`, … */
  readonly reason: string;
  readonly message: string;
  /** The container ran before, so that it may have left something in its log. */
  readonly restarted: boolean;
}

/** `pod web-1, container packet-capture: ErrImageNeverPull: …` */
export function formatProblem({ pod, container, reason, message }: PodProblem): string {
  const place = container === undefined ? `pod ${pod}` : `pod ${pod}, container ${container}`;
  return [place, reason, message].filter((part) => part !== '').join(': ');
}

/** Waiting for these is how every pod starts. */
const ordinary: readonly string[] = ['ContainerCreating', 'PodInitializing'];

/** The problems of pods, newest pod first: an old pod's troubles are not this rollout's. */
export function podProblems(pods: readonly Pod[]): PodProblem[] {
  const living = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const newest = living.toSorted((a, b) => createdAt(b).localeCompare(createdAt(a)));
  return newest.flatMap((pod) => problemOf(pod) ?? []);
}

function createdAt({ metadata }: Pod): string {
  return (metadata as { readonly creationTimestamp?: string }).creationTimestamp ?? '';
}

function problemOf({ metadata, status = {} }: Pod): PodProblem | undefined {
  const pod = metadata.name;
  const unplaced = status.conditions?.find(({ type, status: value }) => type === 'PodScheduled' && value === 'False');
  if (unplaced !== undefined) return { pod, reason: unplaced.reason ?? '', message: unplaced.message ?? '', restarted: false };
  for (const container of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
    const state = troubledState(container);
    if (state !== undefined) return { pod, container: container.name, ...state, restarted: (container.restartCount ?? 0) > 0 };
  }
  return undefined;
}

function troubledState({ state = {} }: ContainerStatus): { readonly reason: string; readonly message: string } | undefined {
  const { waiting, terminated } = state;
  if (waiting !== undefined) return ordinary.includes(waiting.reason ?? '') ? undefined : { reason: waiting.reason ?? '', message: waiting.message ?? '' };
  if (terminated === undefined || terminated.exitCode === 0) return undefined;
  return { reason: terminated.reason ?? '', message: terminated.message ?? `exit code ${terminated.exitCode ?? 'unknown'}` };
}

/** The last warnings about a workload and what it made: a ReplicaSet's and a pod's name begins with its name. */
export function warningLines(events: readonly Event[], workload: string, limit: number): string[] {
  const about = events.filter(({ type, involvedObject }) => {
    const name = involvedObject?.name ?? '';
    return type === 'Warning' && (name === workload || name.startsWith(`${workload}-`));
  });
  const ordered = about.toSorted((a, b) => happenedAt(a).localeCompare(happenedAt(b)));
  return ordered.slice(-limit).map(({ reason, message, involvedObject }) => {
    return `${involvedObject?.kind?.toLowerCase() ?? ''}/${involvedObject?.name ?? ''}: ${reason ?? ''}: ${(message ?? '').trim()}`;
  });
}

function happenedAt({ lastTimestamp, eventTime, metadata }: Event): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}

/** A label selector as kubectl's `-l` takes it. */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const others = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
  });
  return [...equal, ...others].join(',');
}
