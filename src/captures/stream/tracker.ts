import { olderAgent } from '../agentCommand.ts';
import type { CapturedPod, PodName } from '../findPods.ts';
import type { CaptureEnd } from './podCapture.ts';
import type { StreamEvent } from './streamEvents.ts';

/** Tracks which pods come and go, and when a failed capture is started again. */
export interface Tracker {
  /** Takes the present pods. */
  update(captured: readonly CapturedPod[], where: string, attached: ReadonlyMap<string, unknown>, now: number): void;
  /** Whether a capture may be started in the pod now. */
  isDue(pod: CapturedPod, now: number): boolean;
  began(pod: CapturedPod, now: number): void;
  /** Restarts its capture with other settings. */
  changed(pod: CapturedPod): void;
  ended(pod: CapturedPod, end: CaptureEnd, packets: number, now: number): void;
  /** Each of these pods has an agent that is too old to capture, and there is at least one. */
  allOlder(captured: readonly CapturedPod[]): boolean;
}

interface Entry {
  readonly pod: PodName;
  /** How its capture ended; undefined while it runs. */
  end: (CaptureEnd & { readonly packets: number }) | undefined;
  /** Its end is not reported. */
  expected: boolean;
  reported: boolean;
  begunAt: number;
  retryAt: number;
  retrySeconds: number;
}

const longestRetry = 30;
/**
 * Milliseconds after which a capture counts as good: if it fails later, the interval of retries starts again at 1 s.
 */
const goodAfter = 10_000;

/** A tracker without pods. @param onEvent gets each change once: a pod that comes, goes, fails, or is tried again */
export function createTracker(onEvent: (event: StreamEvent) => void): Tracker {
  const entries = new Map<string, Entry>();
  let waiting = false;
  const entryOf = (pod: CapturedPod): Entry => {
    const known = entries.get(pod.uid) ?? {
      pod,
      end: undefined,
      expected: false,
      reported: false,
      begunAt: Number.POSITIVE_INFINITY,
      retryAt: 0,
      retrySeconds: 1,
    };
    entries.set(pod.uid, known);
    return known;
  };

  const tellLeft = ({ pod, end }: Entry): void => {
    if (end !== undefined) onEvent({ type: 'left', pod, packets: end.packets, dropped: end.dropped });
  };

  /** Called when the pod is still there: the end of a capture together with its pod is not a failure. */
  const tellFailed = (entry: Entry, now: number): void => {
    entry.reported = true;
    if (entry.end?.older === true) {
      entry.retryAt = Number.POSITIVE_INFINITY;
      onEvent({ type: 'failed', pod: entry.pod, reason: entry.end.reason ?? olderAgent });
      return;
    }
    entry.retryAt = entry.expected ? now : now + entry.retrySeconds * 1000;
    if (!entry.expected)
      onEvent({
        type: 'failed',
        pod: entry.pod,
        reason: entry.end?.reason ?? 'the capture ended',
        retrySeconds: entry.retrySeconds,
      });
    if (!entry.expected) entry.retrySeconds = Math.min(entry.retrySeconds * 2, longestRetry);
  };

  return {
    update(captured, where, attached, now) {
      const present = new Map(captured.map((pod) => [pod.uid, pod]));
      for (const [uid, entry] of entries) {
        const pod = present.get(uid);
        if (attached.has(uid)) continue;
        if (pod === undefined) {
          entries.delete(uid);
          tellLeft(entry);
        } else if (entry.end !== undefined && !entry.reported && !pod.deleting) {
          tellFailed(entry, now);
        }
      }
      const none = captured.length === 0 && attached.size === 0;
      if (none && !waiting) onEvent({ type: 'waiting', where });
      waiting = none;
    },
    isDue: (pod, now) =>
      pod.ready &&
      !pod.deleting &&
      now >= (entries.get(pod.uid)?.retryAt ?? 0) &&
      (entries.get(pod.uid)?.reported ?? true),
    began(pod, now) {
      const entry = entryOf(pod);
      Object.assign(entry, { end: undefined, expected: false, reported: false, begunAt: now });
    },
    changed(pod) {
      if (entryOf(pod).expected) return;
      entryOf(pod).expected = true;
      onEvent({ type: 'changed', pod });
    },
    ended(pod, end, packets, now) {
      const entry = entryOf(pod);
      if (now - entry.begunAt >= goodAfter) entry.retrySeconds = 1;
      Object.assign(entry, { end: { ...end, packets }, reported: false, begunAt: Number.POSITIVE_INFINITY });
    },
    allOlder: (captured) => captured.length > 0 && captured.every(({ uid }) => entries.get(uid)?.end?.older === true),
  };
}
