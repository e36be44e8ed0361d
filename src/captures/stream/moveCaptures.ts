import type { SettingValues } from '../../settings/index.ts';
import type { CapturedPod } from '../findPods.ts';
import type { CaptureOrder, OrderAnswer } from './captureOrders.ts';
import type { PodCapture } from './podCapture.ts';
import type { StreamEvent } from './streamEvents.ts';

/** A capture that may be changed while it runs. */
export interface Steered {
  readonly pod: CapturedPod;
  /** What it captures. */
  capture: PodCapture;
  /** What it was asked to capture and refuses: it goes on as it is. */
  refused?: PodCapture;
  begun: boolean;
  readonly change: (order: CaptureOrder) => Promise<OrderAnswer>;
}

/** Whether two captures have the same settings. */
export function isEqual(a: PodCapture | undefined, b: PodCapture | string): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * Moves running captures to other settings, without a packet lost. Those whose agents do not answer stay as they are:
 * the caller starts them again.
 * @param captureOf the new settings of a pod's capture, or why it has none
 * @returns in how many it was done, and how many must be started again; undefined when all refuse: the caller keeps the
 * settings before
 */
export async function moveCaptures(
  captures: readonly Steered[],
  captureOf: (pod: CapturedPod) => PodCapture | string,
  onEvent: (event: StreamEvent) => void,
): Promise<{ readonly pods: number; readonly restarted: number } | undefined> {
  const running = captures.filter(({ begun }) => begun);
  const asked = await Promise.all(
    running.map(async (entry) => {
      const wanted = captureOf(entry.pod);
      if (typeof wanted === 'string') return { entry, wanted: entry.capture, answer: refusal(wanted) };
      return { entry, wanted, answer: await ask(entry, wanted) };
    }),
  );
  const refused = asked.flatMap(({ entry, wanted, answer }) =>
    answer.type === 'refused' ? [{ entry, wanted, reason: answer.reason }] : [],
  );
  const kept = refused.length > 0 && refused.length === asked.length;
  for (const { entry, wanted, reason } of kept ? refused.slice(0, 1) : refused) {
    if (!kept) entry.refused = wanted;
    onEvent({ type: 'refused', pod: entry.pod, reason, kept });
  }
  if (kept) return undefined;
  const done = asked.filter(({ answer }) => answer.type === 'done');
  for (const { entry, wanted } of done) {
    entry.capture = wanted;
    delete entry.refused;
  }
  return { pods: done.length, restarted: asked.length - done.length - refused.length };
}

function refusal(reason: string): OrderAnswer {
  return { type: 'refused', reason };
}

async function ask({ capture, change }: Steered, wanted: PodCapture): Promise<OrderAnswer> {
  if (isEqual(capture, wanted)) return { type: 'done' };
  // The agent opens its sockets once.
  if (capture.interfaces !== wanted.interfaces) return { type: 'unanswered' };
  return change({ filter: wanted.filter, snaplen: wanted.snaplen });
}

/** Follows changes, one after the other, until the stream is over. What goes wrong in one is its own. */
export async function followChanges(
  changes: AsyncIterable<SettingValues>,
  over: AbortSignal,
  move: (wanted: SettingValues) => Promise<void>,
): Promise<void> {
  for await (const wanted of changes) {
    if (over.aborted) return;
    await move(wanted);
  }
}
