import { isTerminating } from '../../kubernetes/api/pods.ts';
import type { ContainerStatus, Pod } from '../../kubernetes/api/types.ts';
import { containerNames } from '../../sidecar/index.ts';
import { parseTime } from '../../time.ts';

/** A problem in a pod that its status reports. */
export interface PodEvent {
  /** The same for the same event, however often it is seen. */
  readonly key: string;
  readonly container: string;
  /** As Kubernetes has it: `OOMKilled`, `Error`, `Completed`; `Unready` when a probe failed. */
  readonly reason: string;
  /** Of the container that ended; undefined for `Unready`. */
  readonly exitCode: number | undefined;
  /** How often the container was restarted so far. */
  readonly restarts: number;
  /** The kubelet waits before it starts the container again (CrashLoopBackOff), as far as the pod's status says so. */
  readonly backOff: boolean;
  /** When the run of the container began that has ended, in nanoseconds since 1970; undefined when it is not known. */
  readonly began: bigint | undefined;
  /** The end of the second in which it happened, in nanoseconds since 1970, by the node's clock. */
  readonly at: bigint;
}

const second = 1_000_000_000n;

/**
 * Containers that have ended with an error or were started again, and containers that were ready in `before` and are
 * not any more. Pods that are being deleted, and the sidecar itself, have no events. Pure.
 * @param before the same pod as it was seen last; undefined at first sight
 */
export function podEvents(pod: Pod, before: Pod | undefined): PodEvent[] {
  if (isTerminating(pod)) return [];
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const others = initContainerStatuses.filter(({ name }) => !containerNames.includes(name));
  return [
    ...others.flatMap((status) => endsOf(status, false)),
    ...containerStatuses.flatMap((status) => endsOf(status, true)),
    ...containerStatuses.flatMap((status) => unreadiness(pod, status, before)),
  ];
}

/** @param endless the container should run as long as the pod, so a start after its end is an event too */
function endsOf({ name, state = {}, lastState = {}, restartCount = 0 }: ContainerStatus, endless: boolean): PodEvent[] {
  const ends = [
    { end: lastState.terminated, again: true },
    { end: state.terminated, again: false },
  ];
  const backOff = state.waiting?.reason === 'CrashLoopBackOff';
  return ends.flatMap(({ end, again }): PodEvent[] => {
    const at = parseTime(end?.finishedAt ?? '');
    if (end === undefined || at === undefined) return [];
    const { exitCode = 0, reason = 'Error' } = end;
    if (exitCode === 0 && !(again && endless)) return [];
    return [
      {
        key: `${name} ended ${end.finishedAt ?? ''}`,
        container: name,
        reason,
        exitCode,
        restarts: restartCount,
        backOff,
        began: parseTime(end.startedAt ?? ''),
        at: at + second,
      },
    ];
  });
}

/** A container that runs and is not ready any more: its readiness probe has failed. */
function unreadiness(
  { status }: Pod,
  { name, ready, state, restartCount = 0 }: ContainerStatus,
  before: Pod | undefined,
): PodEvent[] {
  if (ready !== false || state?.running === undefined || !wasReady(before, name, restartCount)) return [];
  const since = status?.conditions?.find(({ type, status: value }) => type === 'ContainersReady' && value === 'False');
  const at = parseTime(since?.lastTransitionTime ?? '');
  if (at === undefined) return [];
  return [
    {
      key: `${name} unready ${since?.lastTransitionTime ?? ''}`,
      container: name,
      reason: 'Unready',
      exitCode: undefined,
      restarts: restartCount,
      backOff: false,
      began: undefined,
      at: at + second,
    },
  ];
}

/** Whether the same run of a container was ready. */
function wasReady(before: Pod | undefined, name: string, restarts: number): boolean {
  const earlier = before?.status?.containerStatuses?.find((one) => one.name === name);
  return earlier?.ready === true && (earlier.restartCount ?? 0) === restarts;
}

/** `container app: OOMKilled, exit code 137, restart 3, CrashLoopBackOff`. Pure. @param cause what the kubelet says */
export function eventText({ container, reason, exitCode, restarts, backOff }: PodEvent, cause?: string): string {
  return [
    `container ${container}: ${reason === 'Unready' ? 'not ready any more' : reason}`,
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ...(restarts === 0 ? [] : [`restart ${restarts}`]),
    ...(backOff ? ['CrashLoopBackOff'] : []),
    ...(cause === undefined ? [] : [cause]),
  ].join(', ');
}
