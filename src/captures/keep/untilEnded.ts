import { isCodedError } from '../../errors.ts';
import { parseTime } from '../../time.ts';
import type { KeptWindow } from '../agentStatus.ts';
import type { CapturedPod } from '../findPods.ts';
import { mapParallel } from '../parallel.ts';
import { pause } from '../pause.ts';
import { readAgentStatus } from '../readAgentStatus.ts';
import { atOnce } from '../readStatus.ts';
import { askNote, confirmed, lastKeepError, saysGone, type KeepOptions, type KeepOutcome } from './keepInPod.ts';

/** A keep whose agent has begun. */
export interface BegunKeep {
  readonly pod: CapturedPod;
  /** As its agent had it at the beginning. */
  readonly kept: KeptWindow;
  /** When that was seen, in milliseconds of `performance.now()`. */
  readonly seenAt: number;
}

/** How far several keeps are, for a line that changes. */
export interface KeepProgress {
  readonly pods: number;
  /** Of them, those that need no more wait. */
  readonly ended: number;
  /** Until the last window ends, by this machine's clock; 0 when only the agents are waited for. */
  readonly secondsLeft: number;
}

/** Milliseconds between two questions: while a window lasts, to see that its pod is still there, and after it. */
const [lookEvery, endEvery] = [10_000, 700];
const tick = 1000;

interface Waiting {
  readonly index: number;
  readonly keep: BegunKeep;
  /** Milliseconds of `performance.now()`: the end of the window, and the next question. */
  readonly endsAt: number;
  nextAt: number;
}

/**
 * Waits until the windows of keeps have ended and their agents have all files. The windows go on in the pods: an
 * interruption ends the wait alone, and the outcome of a keep is then `keeping`.
 * @returns an outcome for each keep, in order
 * @throws KUBECTL_MISSING
 */
export async function untilEnded(
  options: Pick<KeepOptions, 'kubectl' | 'timeoutSeconds' | 'signal'>,
  keeps: readonly BegunKeep[],
  onProgress?: (progress: KeepProgress) => void,
): Promise<KeepOutcome[]> {
  const outcomes = keeps.map(({ kept }) => confirmed(kept));
  let waiting = keeps.map((keep, index): Waiting => {
    const endsAt = latestEnd(keep);
    return { index, keep, endsAt, nextAt: Math.min(endsAt, performance.now() + lookEvery) };
  });
  try {
    while (waiting.length > 0) {
      const now = performance.now();
      const left = Math.max(0, ...waiting.map(({ endsAt }) => endsAt - now));
      onProgress?.({ pods: keeps.length, ended: keeps.length - waiting.length, secondsLeft: Math.ceil(left / 1000) });
      const due = waiting.filter(({ nextAt }) => nextAt <= now);
      const done = await mapParallel(due, atOnce, async (one) => {
        const outcome = await look(options, one);
        if (outcome !== undefined) outcomes[one.index] = outcome;
        return outcome === undefined ? undefined : one;
      });
      waiting = waiting.filter((one) => !done.includes(one));
      const next = Math.min(...waiting.map(({ nextAt }) => nextAt));
      if (waiting.length > 0) await pause(Math.max(0, Math.min(tick, next - performance.now())), options.signal);
    }
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'INTERRUPTED') throw error;
  }
  return outcomes;
}

/** The agent has begun a little earlier, and ends its window that much earlier. */
function latestEnd({ kept, seenAt }: BegunKeep): number {
  const [to, requested] = [kept.to, kept.requestedAt].map((text = '') => parseTime(text));
  const lasts = to === undefined || requested === undefined ? 0n : to - requested;
  return seenAt + Math.max(0, Number(lasts / 1_000_000n));
}

/** Asks once. @returns undefined while it is not known how it ends */
async function look(
  { kubectl, timeoutSeconds }: Pick<KeepOptions, 'kubectl' | 'timeoutSeconds'>,
  one: Waiting,
): Promise<KeepOutcome | undefined> {
  const { pod, kept } = one.keep;
  const note = await askNote(kubectl, pod, kept.id);
  const now = performance.now();
  if ('problem' in note && saysGone(note.problem)) {
    const problem = 'the pod is gone; what there was is uploaded, if it has an upload';
    return { result: 'gone', kept, problem };
  }
  if (!('problem' in note) && note.ended !== undefined) return confirmed(note);
  if (now >= one.endsAt + timeoutSeconds * 1000) {
    const answer = await readAgentStatus(kubectl, pod);
    const error = 'status' in answer ? lastKeepError(answer.status.lastError) : '';
    const reason = 'problem' in note ? note.problem : 'its last file is not closed yet';
    return {
      result: 'unconfirmed',
      kept: 'problem' in note ? kept : note,
      problem: `not ${timeoutSeconds}s after its window: ${reason}${error}`,
    };
  }
  one.nextAt = now < one.endsAt ? Math.min(one.endsAt, now + lookEvery) : now + endEvery;
  return undefined;
}
