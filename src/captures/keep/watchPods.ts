import { setTimeout as sleep } from 'node:timers/promises';
import { isCodedError } from '../../errors.ts';
import type { Pod } from '../../kubernetes/api/types.ts';
import { formatTime, secondsToNanoseconds } from '../../time.ts';
import { capturedPod, type CapturedPod } from '../findPods.ts';
import { createCauseReader, type CauseReader } from './eventCause.ts';
import { createEventTracker, type DueKeep } from './eventTracker.ts';
import { keepInPod, type KeepOptions, type KeepOutcome } from './keepInPod.ts';
import { eventText, type PodEvent } from './podEvents.ts';
import { untilEnded } from './untilEnded.ts';

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
  /** Report a keep when its window has ended; otherwise when its agent has begun. */
  readonly wait: boolean;
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
  /** The kubelet waits before it starts the container again: CrashLoopBackOff. */
  readonly backOff: boolean;
  /** The kubelet's words on the probe that failed; null when none did, or when this user may not list Events. */
  readonly cause: string | null;
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
  const causes = createCauseReader(options, () =>
    options.report('you may not list Events, so probes that fail and a CrashLoopBackOff are not always named'),
  );
  const totals = { keeps: 0, failed: 0 };
  const [running, lasting] = [new Set<Promise<void>>(), new Set<Promise<void>>()];

  const tell = (watched: WatchedKeep): void => {
    totals[watched.result === 'kept' || watched.result === 'keeping' ? 'keeps' : 'failed'] += 1;
    onKeep(watched);
  };
  const keepOne = async (due: DueKeep): Promise<void> => {
    const begun = await keepFor(options, due, causes);
    tracker.done(due.pod.metadata.uid ?? '', performance.now());
    const { watched, pod } = begun;
    if (!options.wait || watched.result !== 'keeping' || watched.kept === null || pod === undefined) {
      tell(watched);
      return;
    }
    // Others need not wait for the end of its window.
    track(
      lasting,
      untilEnded(options, [{ pod, kept: watched.kept, seenAt: performance.now() }]).then(([outcome]) =>
        tell({ ...watched, ...outcome }),
      ),
    );
  };

  for await (const pods of findAgain(await find(), options)) {
    for (const due of tracker.update(pods, performance.now())) {
      while (running.size >= atOnce) await Promise.race(running);
      // An interrupted one has nothing to say, and the others end by themselves.
      const one = keepOne(due).catch((error: unknown) => {
        if (!isCodedError(error) || error.code !== 'INTERRUPTED') throw error;
      });
      track(running, one);
    }
    if (stop.aborted) break;
  }
  await Promise.all(running);
  await Promise.all(lasting);
  return { ...totals, leftOut: tracker.leftOut };
}

function track(all: Set<Promise<void>>, one: Promise<void>): void {
  all.add(one);
  void one.finally(() => all.delete(one));
}

/** What was done so far, and the pod whose agent does it. */
interface Begun {
  readonly watched: WatchedKeep;
  readonly pod: CapturedPod | undefined;
}

async function keepFor(options: WatchOptions, due: DueKeep, causes: CauseReader): Promise<Begun> {
  const { lastSeconds, andSeconds, reason } = options;
  const { pod, leftOut } = due;
  const { backOff, probe } = await causes.causeOf(pod, due.event);
  const event = { ...due.event, backOff: due.event.backOff || backOff };
  const window = {
    from: event.at - second - secondsToNanoseconds(lastSeconds),
    to: event.at + secondsToNanoseconds(andSeconds),
  };
  const captured = capturedPod(pod);
  const text = eventText(event, probe);
  const why = reason === '' ? text : `${reason}: ${text}`;
  const outcome: KeepOutcome =
    captured === undefined
      ? { result: 'failed', kept: null, problem: 'it has no agent' }
      : await keepInPod({ ...options, reason: why, dryRun: false }, captured, window);
  const times = { from: formatTime(window.from), to: formatTime(window.to) };
  return { watched: { ...watchedEvent(pod, event, probe), ...times, leftOut, ...outcome }, pod: captured };
}

function watchedEvent(
  { metadata }: Pod,
  event: PodEvent,
  probe: string | undefined,
): Omit<WatchedKeep, 'from' | 'to' | 'leftOut' | keyof KeepOutcome> {
  return {
    namespace: metadata.namespace ?? 'default',
    pod: metadata.name,
    container: event.container,
    reason: event.reason,
    exitCode: event.exitCode ?? null,
    restarts: event.restarts,
    backOff: event.backOff,
    cause: probe ?? null,
    at: formatTime(event.at - second),
    event: eventText(event, probe),
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
