import { setTimeout as sleep } from 'node:timers/promises';
import { codedError, isCodedError, type CodedError } from '../../errors.ts';
import type { KubectlProcess } from '../../kubernetes/kubectl.ts';
import { createLiveMerge, type LiveMerge } from '../../pcapng/index.ts';
import type { SettingValues } from '../../settings/index.ts';
import type { CapturedPod, FoundPods } from '../pods.ts';
import { createLeftOut } from './leftOut.ts';
import { createOutput, type Output } from './packetOutput.ts';
import { filterRefused, podCapture, podLabel, type CaptureEnd, type PodCapture } from './podCapture.ts';
import { readCapture, type RunningCapture } from './readCapture.ts';
import type { StreamEvent } from './streamEvents.ts';
import { createTracker } from './tracker.ts';

export interface StreamOptions {
  /** The pods as they are now. */
  readonly find: () => Promise<FoundPods>;
  /** Starts the capture in a pod. */
  readonly open: (pod: CapturedPod, capture: PodCapture) => KubectlProcess;
  /** In place of each pod's own settings. */
  readonly wanted: SettingValues;
  /** Pods that are captured at a time: each takes a kubectl. */
  readonly mostPods: number;
  /** Resolves when more may come; rejects when the output takes no more. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** The end, at somebody's wish. */
  readonly stop: AbortSignal;
  readonly onEvent: (event: StreamEvent) => void;
  /** For the header of the output. */
  readonly application: string;
}

export interface StreamResult {
  /** Captures that began. */
  readonly joined: number;
  /** Pods that were there at the end and never had a place, see `mostPods`. */
  readonly leftOut: number;
  readonly packets: number;
  /** Packets that came too late for their place; they are there, behind later ones. */
  readonly late: number;
  /** Packets that were lost in the pods that could tell. */
  readonly dropped: number;
  /** Captures that could not tell what they have lost: they ended with their pods, or were cut off. */
  readonly unreported: number;
  /** What `write` has failed with; absent when the end was somebody's wish. */
  readonly outputError?: unknown;
}

export const windowMs = 200;
const mostBytes = 64 * 1024 * 1024;
const writeEvery = 50;
const findEvery = 1000;
/**
 * From the wish to end until kubectl is killed: as long as nothing comes, and at most. `capture` ends itself after
 * three seconds; then there may still be much on its way.
 */
const endWithin = 5000;
const endAtMost = 30_000;
/** Captures that are being started at a time: kubectl takes a good part of a second of CPU to start. */
const mostBeginning = 8;

interface Attached {
  readonly pod: CapturedPod;
  readonly capture: PodCapture;
  readonly running: RunningCapture;
  readonly packets: () => number;
  begun: boolean;
}

/**
 * Captures in all pods of a target, in those that come later too, and writes one pcapng: an interface for each pod and
 * device, packets in order of time.
 * @throws what the first `find` throws; SETTING_INVALID for a wanted filter that a pod refuses
 */
export async function streamPods({
  find,
  open,
  wanted,
  mostPods,
  write,
  stop,
  onEvent,
  application,
}: StreamOptions): Promise<StreamResult> {
  const first = await find();
  const merge = createLiveMerge({ application, windowMs, mostBytes });
  const finish = new AbortController();
  const over = AbortSignal.any([stop, finish.signal]);
  const output = createOutput(write, () => finish.abort());
  const tracker = createTracker(onEvent);
  const attached = new Map<string, Attached>();
  const leftOut = createLeftOut(onEvent);
  const totals = { joined: 0, dropped: 0, unreported: 0 };
  let fatal: CodedError | undefined;

  const onEnd = (entry: Attached, end: CaptureEnd): void => {
    const { pod, packets } = entry;
    attached.delete(pod.uid);
    totals.dropped += end.dropped ?? 0;
    if (end.dropped === undefined && entry.begun) totals.unreported += 1;
    if (end.code === filterRefused && wanted.filter !== undefined) {
      fatal ??= codedError('SETTING_INVALID', `${pod.namespace}/${pod.name} refuses the filter: ${end.reason ?? ''}`, {
        where: '--filter',
      });
      finish.abort();
    } else if (!over.aborted) {
      tracker.ended(pod, end, packets(), now());
    } else if (end.reason !== undefined && entry.begun) {
      onEvent({ type: 'cut', pod, reason: end.reason });
    }
  };

  const attach = (pod: CapturedPod, capture: PodCapture): void => {
    const source = merge.add(`${pod.namespace}/${pod.name}`, podLabel(pod));
    const onBegin = (): void => {
      entry.begun = true;
      totals.joined += 1;
      tracker.began(pod, now());
      onEvent({ type: 'joined', pod });
    };
    const running = readCapture(open(pod, capture), source, { onBegin, now, ready: () => output.writing });
    const entry: Attached = { pod, capture, running, packets: () => source.packets, begun: false };
    attached.set(pod.uid, entry);
    void running.ended.then((end) => onEnd(entry, end));
  };

  const consider = (pod: CapturedPod): void => {
    const capture = captureOrReason(pod, wanted);
    const present = attached.get(pod.uid);
    if (present === undefined && typeof capture === 'string')
      tracker.ended(pod, { code: undefined, reason: capture, dropped: undefined }, 0, now());
    else if (present === undefined) attach(pod, capture as PodCapture);
    else if (JSON.stringify(present.capture) !== JSON.stringify(capture)) {
      tracker.changed(pod);
      present.running.stop();
    }
  };

  const follow = ({ captured, where }: FoundPods): void => {
    tracker.update(captured, where, attached, now());
    const beginning = (): number => [...attached.values()].filter(({ begun }) => !begun).length;
    const hasPlace = (): boolean => attached.size < mostPods && beginning() < mostBeginning;
    for (const pod of captured) if (attached.has(pod.uid) || (tracker.isDue(pod, now()) && hasPlace())) consider(pod);
    leftOut.update(
      attached.size < mostPods
        ? []
        : captured.filter(({ uid, ready, deleting }) => !attached.has(uid) && ready && !deleting),
    );
    onEvent({ type: 'progress', pods: attached.size - beginning(), packets: merge.counts.packets });
  };

  const writer = writeSteadily(merge, output);
  try {
    for await (const found of findAgain(first, find, over, onEvent)) follow(found);
  } finally {
    finish.abort();
    await endAll([...attached.values()].map(({ running }) => running));
    await writer.end();
  }
  if (fatal !== undefined) throw fatal;
  return {
    ...totals,
    leftOut: leftOut.count(),
    ...merge.counts,
    ...(output.error === undefined ? {} : { outputError: output.error }),
  };
}

function now(): number {
  return performance.now();
}

/** What to capture in a pod, or why that cannot be. */
function captureOrReason(pod: CapturedPod, wanted: SettingValues): PodCapture | string {
  try {
    return podCapture(pod, wanted);
  } catch (error) {
    if (isCodedError(error)) return error.message;
    throw error;
  }
}

/** The pods, again and again until it is over. */
async function* findAgain(
  first: FoundPods,
  find: StreamOptions['find'],
  over: AbortSignal,
  onEvent: StreamOptions['onEvent'],
): AsyncGenerator<FoundPods, void> {
  let found = first;
  let reachable = true;
  while (!over.aborted) {
    yield found;
    await sleep(findEvery, undefined, { signal: over }).catch(() => {});
    if (over.aborted) return;
    try {
      found = await find();
      reachable = true;
    } catch (error) {
      if (!isCodedError(error)) throw error;
      // What is gone may come again under its name.
      if (error.code === 'NOT_FOUND') found = { ...found, captured: [] };
      else if (reachable && !over.aborted) {
        onEvent({ type: 'unreachable', reason: error.message });
        reachable = false;
      }
    }
  }
}

/** Ends captures, and waits until they have ended. */
async function endAll(captures: readonly RunningCapture[]): Promise<void> {
  const begun = now();
  for (const { stop } of captures) stop();
  const patience = setInterval(() => {
    const isOver = now() - begun >= endAtMost;
    for (const { kill, lastArrival } of captures)
      if (isOver || now() - Math.max(begun, lastArrival() ?? 0) >= endWithin) kill();
  }, 100);
  await Promise.all(captures.map(({ ended }) => ended));
  clearInterval(patience);
}

/** Writes what is due until the end, and then the rest. */
function writeSteadily(merge: LiveMerge, output: Output): { readonly end: () => Promise<void> } {
  const ending = new AbortController();
  const writeAll = async (): Promise<void> => {
    for (; !ending.signal.aborted; await sleep(writeEvery)) await output.put(merge.take(now()));
    await output.put(merge.takeAll());
  };
  const written = writeAll();
  return {
    end: async () => {
      ending.abort();
      await written;
    },
  };
}
