import { setTimeout as sleep } from 'node:timers/promises';
import { codedError, isCodedError, type CodedError } from '../../errors.ts';
import type { KubectlProcess } from '../../kubernetes/kubectl.ts';
import { createLiveMerge, type LiveMerge, type Naming } from '../../pcapng/index.ts';
import type { SettingValues } from '../../settings/index.ts';
import { olderAgents } from '../agentCommand.ts';
import type { CapturedPod, FoundPods, PodName } from '../findPods.ts';
import { createCaptureOrders } from './captureOrders.ts';
import { createLeftOut } from './leftOut.ts';
import { followChanges, isEqual, moveCaptures, type Steered } from './moveCaptures.ts';
import { createOutput, type Output } from './packetOutput.ts';
import { filterRefused, podCapture, podLabel, type CaptureEnd, type PodCapture } from './podCapture.ts';
import { readCapture, type RunningCapture } from './readCapture.ts';
import type { StreamEvent } from './streamEvents.ts';
import { createTracker } from './tracker.ts';
import { createUnbegun } from './unbegun.ts';

/** What a stream captures, in which pods, and where its bytes go. Only `write` may be slow: everything waits for it. */
export interface StreamOptions {
  /** Lists the present pods. */
  readonly find: () => Promise<FoundPods>;
  /** Starts the capture in a pod. */
  readonly open: (
    pod: CapturedPod,
    capture: PodCapture,
    onStderr: ((bytes: Uint8Array) => void) | undefined,
  ) => KubectlProcess;
  /** Settings that replace each pod's own. */
  readonly wanted: SettingValues;
  /** Each replaces `wanted` while the stream runs. It is not read to its end. */
  readonly changes?: AsyncIterable<SettingValues> | undefined;
  /** The most pods that are captured at a time, because each needs a kubectl. */
  readonly mostPods: number;
  /** Resolves when more may be written; rejects when the output is closed. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Ends the stream when it is aborted. */
  readonly stop: AbortSignal;
  readonly onEvent: (event: StreamEvent) => void;
  /** For the header of the output. */
  readonly application: string;
  /** For people, in the same header. */
  readonly comment?: string | undefined;
  /** Names of addresses; default none. */
  readonly names?: StreamNames | undefined;
}

/** Names of addresses that are read while the stream runs. */
export interface StreamNames {
  readonly naming: Naming;
  /** Resolves when there are names; packets wait for it for a moment. Never rejects. */
  readonly ready: Promise<void>;
}

/** Counts of the whole stream, for its last line and its exit code. */
export interface StreamResult {
  /** Captures that began. */
  readonly joined: number;
  /** Pods at the end that were never captured because of `mostPods`. */
  readonly leftOut: number;
  /** Pods at the end whose capture had not begun for another reason, which was not reported. */
  readonly missed: readonly PodName[];
  readonly packets: number;
  /** Packets that arrived too late and are out of order in the output. */
  readonly late: number;
  /** Dropped packets of the captures that reported them. */
  readonly dropped: number;
  /** Captures whose dropped packets are not known: they ended with their pods, or were killed. */
  readonly unreported: number;
  /** The error of `write`; absent when the stream was ended by the signal. */
  readonly outputError?: unknown;
}

/**
 * Milliseconds for which a packet waits for earlier packets of other pods: the delay of the output, see
 * LiveMergeOptions.
 */
export const windowMs = 200;
const mostBytes = 64 * 1024 * 1024;
const writeEvery = 50;
const findEvery = 1000;
/**
 * Milliseconds until kubectl is killed after the request to end: without output, and in any case. `capture` ends itself
 * after three seconds, and then much output may still be on its way.
 */
const endWithin = 5000;
const endAtMost = 30_000;
/** Milliseconds for which packets wait for names: about as long as the first capture needs to start. */
const namesWithin = 1000;
/** How many captures are started at a time: kubectl needs a good part of a second of CPU to start. */
const mostBeginning = 8;

interface Attached extends Steered {
  readonly running: RunningCapture;
  readonly packets: () => number;
}

/**
 * Captures in all pods of a target, also in later ones, and writes one pcapng: an interface for each pod and
 * device, packets in order of time.
 * @throws what the first `find` throws; SETTING_INVALID for a wanted filter that a pod refuses; AGENT_TOO_OLD when all
 * pods have an agent that cannot capture for this program
 */
export async function streamPods({
  find,
  open,
  wanted,
  changes,
  mostPods,
  write,
  stop,
  onEvent,
  application,
  comment,
  names,
}: StreamOptions): Promise<StreamResult> {
  const first = await find();
  const merge = createLiveMerge({ application, comment, windowMs, mostBytes, naming: names?.naming });
  const finish = new AbortController();
  const over = AbortSignal.any([stop, finish.signal]);
  const output = createOutput(write, () => finish.abort());
  const tracker = createTracker(onEvent);
  const attached = new Map<string, Attached>();
  const leftOut = createLeftOut(onEvent);
  const unbegun = createUnbegun();
  const totals = { joined: 0, dropped: 0, unreported: 0 };
  let fatal: CodedError | undefined;
  let current = wanted;
  let missed: readonly PodName[] = [];

  const onEnd = (entry: Attached, end: CaptureEnd): void => {
    const { pod, packets } = entry;
    attached.delete(pod.uid);
    totals.dropped += end.dropped ?? 0;
    if (end.dropped === undefined && entry.begun) totals.unreported += 1;
    // A filter that came later has taken the place of one that is good.
    if (end.code === filterRefused && current === wanted && wanted.filter !== undefined) {
      fatal ??= codedError('SETTING_INVALID', `${pod.namespace}/${pod.name} refuses the filter: ${end.reason ?? ''}`, {
        where: '--filter',
      });
      finish.abort();
    } else if (!over.aborted) {
      unbegun.settle(pod);
      tracker.ended(pod, end, packets(), now());
    } else if (end.reason !== undefined && entry.begun) {
      onEvent({ type: 'cut', pod, reason: end.reason });
    }
  };

  const attach = (pod: CapturedPod, capture: PodCapture): void => {
    const source = merge.add(`${pod.namespace}/${pod.name}`, podLabel(pod, changes !== undefined));
    const orders =
      changes === undefined ? undefined : createCaptureOrders((dropped) => onEvent({ type: 'dropped', pod, dropped }));
    const onBegin = (): void => {
      entry.begun = true;
      totals.joined += 1;
      tracker.began(pod, now());
      unbegun.settle(pod);
      onEvent({ type: 'joined', pod });
    };
    const started = open(pod, capture, orders?.read);
    const running = readCapture(started, source, { onBegin, now, ready: () => output.writing, orders });
    const { change } = running;
    const entry: Attached = { pod, capture, running, change, packets: () => source.packets, begun: false };
    attached.set(pod.uid, entry);
    void running.ended.then((end) => onEnd(entry, end));
  };

  const consider = (pod: CapturedPod): void => {
    const capture = captureOrReason(pod, current);
    const present = attached.get(pod.uid);
    if (present === undefined && typeof capture === 'string') {
      unbegun.settle(pod);
      tracker.ended(pod, { code: undefined, reason: capture, dropped: undefined }, 0, now());
    } else if (present === undefined) attach(pod, capture as PodCapture);
    else if (!isEqual(present.capture, capture) && !isEqual(present.refused, capture)) {
      tracker.changed(pod);
      present.running.stop();
    }
  };

  const update = ({ captured, where }: FoundPods): void => {
    tracker.update(captured, where, attached, now());
    unbegun.update(captured);
    if (totals.joined === 0 && attached.size === 0 && tracker.allOlder(captured)) {
      fatal = codedError('AGENT_TOO_OLD', olderAgents, { where });
      finish.abort();
      return;
    }
    const beginning = (): number => [...attached.values()].filter(({ begun }) => !begun).length;
    const hasPlace = (): boolean => attached.size < mostPods && beginning() < mostBeginning;
    for (const pod of captured) if (attached.has(pod.uid) || (tracker.isDue(pod, now()) && hasPlace())) consider(pod);
    const withoutPlace =
      attached.size < mostPods
        ? []
        : captured.filter(({ uid, ready, deleting }) => !attached.has(uid) && ready && !deleting);
    leftOut.update(withoutPlace);
    for (const pod of withoutPlace) unbegun.settle(pod);
    onEvent({
      type: 'progress',
      pods: attached.size - beginning(),
      packets: merge.counts.packets,
      unbegun: unbegun.ofTheFirst(),
    });
  };

  const move = async (next: SettingValues): Promise<void> => {
    const captureOf = (pod: CapturedPod): PodCapture | string => captureOrReason(pod, next);
    const moved = await moveCaptures([...attached.values()], captureOf, onEvent);
    if (moved === undefined) return;
    current = next;
    onEvent({ type: 'moved', ...moved, wanted: next });
  };

  const writer = writeSteadily(merge, output, names?.ready);
  if (changes !== undefined) void followChanges(changes, over, move);
  try {
    for await (const found of findAgain(first, find, over, onEvent)) update(found);
  } finally {
    finish.abort();
    missed = unbegun.pods();
    await endAll([...attached.values()].map(({ running }) => running));
    await writer.end();
  }
  if (fatal !== undefined) throw fatal;
  return {
    ...totals,
    leftOut: leftOut.count(),
    missed: missed.map(({ namespace, name }) => ({ namespace, name })),
    ...merge.counts,
    ...(output.error === undefined ? {} : { outputError: output.error }),
  };
}

function now(): number {
  return performance.now();
}

/** The settings of the capture in a pod, or why it cannot be captured. */
function captureOrReason(pod: CapturedPod, wanted: SettingValues): PodCapture | string {
  try {
    return podCapture(pod, wanted);
  } catch (error) {
    if (isCodedError(error)) return error.message;
    throw error;
  }
}

/** Lists the pods repeatedly, until the stream ends. */
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
      // A pod of the same name may come again.
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

/**
 * Writes packets in order of time until the end, and then the rest.
 * @param ready the first packets wait for it, but not for long
 */
function writeSteadily(
  merge: LiveMerge,
  output: Output,
  ready: Promise<void> | undefined,
): { readonly end: () => Promise<void> } {
  const ending = new AbortController();
  let isHeld = ready !== undefined;
  const release = (): void => void (isHeld = false);
  void ready?.then(release);
  const patience = setTimeout(release, namesWithin);
  const writeAll = async (): Promise<void> => {
    for (; !ending.signal.aborted; await sleep(writeEvery))
      await output.put(merge.take(isHeld ? Number.NEGATIVE_INFINITY : now()));
    await output.put(merge.takeAll());
  };
  const written = writeAll();
  return {
    end: async () => {
      clearTimeout(patience);
      ending.abort();
      await written;
    },
  };
}
