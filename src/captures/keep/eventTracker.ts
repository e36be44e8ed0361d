import type { Pod } from '../../kubernetes/api/types.ts';
import { podEvents, type PodEvent } from './podEvents.ts';

/** Finds what is new in pods that are seen again and again, and bounds how often a pod's files are kept. */
export interface EventTracker {
  /**
   * Takes the present pods.
   * @param now milliseconds of a clock that never goes back
   * @returns pods whose files are to be kept now, each with its newest event
   */
  update(pods: readonly Pod[], now: number): DueKeep[];
  /** Call it when the keep of a pod has ended: the pause begins. */
  done(uid: string, now: number): void;
  /** Events for which nothing was kept, because they came too soon after another one. */
  readonly leftOut: number;
}

/** A pod whose files are to be kept now, because of its newest event. */
export interface DueKeep {
  readonly pod: Pod;
  readonly event: PodEvent;
  /** Events of the pod that were left out since the last keep. */
  readonly leftOut: number;
}

interface Seen {
  pod: Pod;
  readonly keys: Set<string>;
  /** Containers that were seen in CrashLoopBackOff. */
  readonly looping: Set<string>;
  /** A keep is under way. */
  busy: boolean;
  /** The time from which on the next event counts. */
  from: number;
  leftOut: number;
}

/**
 * @param pauseMs milliseconds after a keep in which further events of the pod are left out, and counted
 */
export function createEventTracker(pauseMs: number): EventTracker {
  const seen = new Map<string, Seen>();
  let first = true;
  let leftOut = 0;

  const eventOf = (one: Seen, pod: Pod, known: boolean): PodEvent | undefined => {
    const events = podEvents(pod, one.pod).filter(({ key }) => !one.keys.has(key));
    for (const { key } of events) one.keys.add(key);
    one.pod = pod;
    // The files from before this command began may be gone already.
    const newest = known ? events.toSorted((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at))).at(-1) : undefined;
    const event = newest === undefined ? undefined : withLoop(newest, one.looping);
    for (const name of loopingContainers(pod)) one.looping.add(name);
    return event;
  };

  return {
    get leftOut() {
      return leftOut;
    },
    update(pods, now) {
      const uids = new Set(pods.map(({ metadata }) => metadata.uid ?? ''));
      for (const uid of seen.keys()) if (!uids.has(uid)) seen.delete(uid);
      const due = pods.flatMap((pod): DueKeep[] => {
        const uid = pod.metadata.uid ?? '';
        const earlier = seen.get(uid);
        const one = earlier ?? {
          pod,
          keys: new Set<string>(),
          looping: new Set<string>(),
          busy: false,
          from: now,
          leftOut: 0,
        };
        seen.set(uid, one);
        const event = eventOf(one, pod, earlier !== undefined || !first);
        if (event === undefined) return [];
        if (one.busy || now < one.from) {
          one.leftOut += 1;
          leftOut += 1;
          return [];
        }
        one.busy = true;
        const missed = one.leftOut;
        one.leftOut = 0;
        return [{ pod, event, leftOut: missed }];
      });
      first = false;
      return due;
    },
    done(uid, now) {
      const one = seen.get(uid);
      if (one !== undefined) Object.assign(one, { busy: false, from: now + pauseMs });
    },
  };
}

/** Nanoseconds: after such a run the kubelet starts a container again without a wait. */
const soundRun = 600_000_000_000n;

/**
 * The end of a container that was in CrashLoopBackOff before this run is one of the loop; its status says so seconds
 * later. Pure, but for `looping`, which forgets a container that has run for long.
 */
function withLoop(event: PodEvent, looping: Set<string>): PodEvent {
  if (event.exitCode === undefined || !looping.has(event.container)) return event;
  if (event.at - (event.began ?? event.at) < soundRun) return { ...event, backOff: true };
  looping.delete(event.container);
  return event;
}

function loopingContainers({ status = {} }: Pod): string[] {
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
    .filter(({ state }) => state?.waiting?.reason === 'CrashLoopBackOff')
    .map(({ name }) => name);
}
