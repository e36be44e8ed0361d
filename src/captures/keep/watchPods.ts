import { setTimeout as sleep } from 'node:timers/promises';
import { isCodedError } from '../../errors.ts';
import type { Pod } from '../../kubernetes/api/types.ts';
import { formatTime, secondsToNanoseconds } from '../../time.ts';
import { capturedPod } from '../findPods.ts';
import { createEventTracker, type DueKeep } from './eventTracker.ts';
import { keepInPod, type KeepOptions, type KeepOutcome } from './keepInPod.ts';
import { eventText, type PodEvent } from './podEvents.ts';

/** What is kept around an event, and how often. `find` is called once a second. */
export interface WatchOptions extends Omit<KeepOptions, 'dryRun'> {
  /** Lists the pods of the target. */
  readonly find: () => Promise<readonly Pod[]>;
  /** Seconds before the event that are kept. */
  readonly lastSeconds: number;
  /** Seconds after it that are kept, too. */
  readonly andSeconds: number;
  /** Seconds after a keep in which further events of the same pod are left out. */
  readonly pauseSeconds: number;
  /** Ends the watch. */
  readonly stop: AbortSignal;
  readonly onKeep: (keep: WatchedKeep) => void;
  /** The pods cannot be listed, and why; it goes on. */
  readonly onTrouble: (reason: string) => void;
}

/** What was done about an event; plain data. Times are RFC 3339, in UTC, by the node's clock. */
export interface WatchedKeep extends KeepOutcome {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** As in {@link PodEvent}. */
  readonly reason: string;
  readonly exitCode: number | null;
  readonly restarts: number;
  /** When it happened; the kubelet has whole seconds. */
  readonly at: string;
  /** The same in words. */
  readonly event: string;
  readonly from: string;
  readonly to: string;
  /** Events of this pod for which nothing was kept, since the last one. */
  readonly leftOut: number;
}

/** Counts of the whole watch: keeps that succeeded, keeps that failed, and events for which nothing was kept. */
export interface WatchResult {
  readonly keeps: number;
  readonly failed: number;
  readonly leftOut: number;
}

/** Milliseconds between two lists of the pods. */
const findEvery = 1000;
/** Keeps at once. */
const atOnce = 8;
const second = 1_000_000_000n;

/**
 * Follows pods, and has their agents keep what led to each end of a container, and to each failed readiness probe: once
 * for an event, and not more often than `pauseSeconds` for a pod.
 * @throws what the first `find` throws
 */
export async function watchPods(options: WatchOptions): Promise<WatchResult> {
  const { find, stop, pauseSeconds, onKeep } = options;
  const tracker = createEventTracker(pauseSeconds * 1000);
  const totals = { keeps: 0, failed: 0 };
  const running = new Set<Promise<void>>();

  const keepOne = async (due: DueKeep): Promise<void> => {
    const watched = await keepFor(options, due);
    tracker.done(due.pod.metadata.uid ?? '', performance.now());
    totals[watched.result === 'kept' ? 'keeps' : 'failed'] += 1;
    onKeep(watched);
  };

  for await (const pods of findAgain(await find(), options)) {
    for (const due of tracker.update(pods, performance.now())) {
      while (running.size >= atOnce) await Promise.race(running);
      // An interrupted one has nothing to say, and the others end by themselves.
      const one = keepOne(due).catch((error: unknown) => {
        if (!isCodedError(error) || error.code !== 'INTERRUPTED') throw error;
      });
      running.add(one);
      void one.finally(() => running.delete(one));
    }
    if (stop.aborted) break;
  }
  await Promise.all(running);
  return { ...totals, leftOut: tracker.leftOut };
}

async function keepFor(options: WatchOptions, { pod, event, leftOut }: DueKeep): Promise<WatchedKeep> {
  const { lastSeconds, andSeconds, reason } = options;
  const window = {
    from: event.at - second - secondsToNanoseconds(lastSeconds),
    to: event.at + secondsToNanoseconds(andSeconds),
  };
  const captured = capturedPod(pod);
  const text = eventText(event);
  const why = reason === '' ? text : `${reason}: ${text}`;
  const outcome: KeepOutcome =
    captured === undefined
      ? { result: 'failed', kept: null, problem: 'it has no agent' }
      : await keepInPod({ ...options, reason: why, dryRun: false }, captured, window);
  return { ...watchedEvent(pod, event), from: formatTime(window.from), to: formatTime(window.to), leftOut, ...outcome };
}

function watchedEvent(
  { metadata }: Pod,
  event: PodEvent,
): Pick<WatchedKeep, 'namespace' | 'pod' | 'container' | 'reason' | 'exitCode' | 'restarts' | 'at' | 'event'> {
  return {
    namespace: metadata.namespace ?? 'default',
    pod: metadata.name,
    container: event.container,
    reason: event.reason,
    exitCode: event.exitCode ?? null,
    restarts: event.restarts,
    at: formatTime(event.at - second),
    event: eventText(event),
  };
}

/** Lists the pods repeatedly, until the watch ends. */
async function* findAgain(
  first: readonly Pod[],
  { find, stop, onTrouble }: WatchOptions,
): AsyncGenerator<readonly Pod[], void> {
  let pods = first;
  let reachable = true;
  while (!stop.aborted) {
    yield pods;
    await sleep(findEvery, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
    try {
      pods = await find();
      reachable = true;
    } catch (error) {
      if (!isCodedError(error)) throw error;
      if (reachable && !stop.aborted) onTrouble(error.message);
      reachable = false;
    }
  }
}
