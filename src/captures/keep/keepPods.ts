import { formatTime, secondsToNanoseconds } from '../../time.ts';
import { listFiles } from '../download/listing.ts';
import { beginsLate } from '../download/windowFiles.ts';
import { findPods, type CapturedPod, type FoundPods, type PodTarget } from '../findPods.ts';
import { mapParallel } from '../parallel.ts';
import { atOnce } from '../readStatus.ts';
import { clockText, windowOfPod, type WindowRequest } from '../timeWindow.ts';
import { keepInPod, type KeepOptions, type KeepOutcome } from './keepInPod.ts';
import { untilEnded, type KeepProgress } from './untilEnded.ts';

/** The window to keep in every pod of a target. It is converted to each pod's clock. */
export interface KeepPodsOptions extends KeepOptions {
  readonly target: PodTarget;
  readonly window: WindowRequest;
  /** Seconds after the window's end that are kept, too. */
  readonly andSeconds: number;
  /** Wait until the windows have ended, too; otherwise only until each agent has begun. */
  readonly wait: boolean;
  /** Called at least once a second while windows are waited for. */
  readonly onProgress?: (progress: KeepProgress) => void;
}

/** The result for a pod; plain data, for people and for `-o json`. Times are RFC 3339, in UTC, by the pod's clock. */
export interface KeptPod extends KeepOutcome {
  readonly namespace: string;
  readonly pod: string;
  /** Null when its clock could not be read. */
  readonly from: string | null;
  readonly to: string | null;
  /** When its oldest file begins, if that is within the window; null otherwise. */
  readonly begins: string | null;
}

/** The results by pod, and what FoundPods says of the target. */
export interface KeepPodsResult extends Pick<FoundPods, 'without' | 'where' | 'ended'> {
  readonly pods: readonly KeptPod[];
}

/**
 * Has the agents of all pods of a target keep the files of a window. An interruption while windows last ends the wait
 * alone: their result is `keeping`.
 * @throws as findPods, INTERRUPTED, KUBECTL_MISSING; errors of one pod are in the result
 */
export async function keepPods(options: KeepPodsOptions): Promise<KeepPodsResult> {
  const { captured, without, where, ended } = await findPods(options.kubectl, options.target);
  const begun = await mapParallel(captured, atOnce, async (pod) => keepPod(options, pod));
  const pods = options.wait ? await withEnds(options, captured, begun) : begun.map(({ kept }) => kept);
  return { pods, without, where, ended };
}

/** A keep, and when it was seen, in milliseconds of `performance.now()`. */
interface Begun {
  readonly kept: KeptPod;
  readonly seenAt: number;
}

async function withEnds(
  options: KeepPodsOptions,
  captured: readonly CapturedPod[],
  begun: readonly Begun[],
): Promise<KeptPod[]> {
  const lasting = begun.flatMap(({ kept: { result, kept }, seenAt }, index) => {
    const pod = captured[index];
    return result === 'keeping' && kept !== null && pod !== undefined ? [{ index, pod, kept, seenAt }] : [];
  });
  const outcomes = await untilEnded(options, lasting, options.onProgress);
  const byIndex = new Map(lasting.map(({ index }, place) => [index, outcomes[place]]));
  return begun.map(({ kept }, index) => ({ ...kept, ...byIndex.get(index) }));
}

async function keepPod(options: KeepPodsOptions, pod: CapturedPod): Promise<Begun> {
  const { kubectl, window: request, andSeconds, report } = options;
  const identity = { namespace: pod.namespace, pod: pod.name };
  const listing = await listFiles(kubectl, pod);
  if ('problem' in listing) {
    const failed = { result: 'failed', kept: null, problem: listing.problem } as const;
    return { kept: { ...identity, from: null, to: null, begins: null, ...failed }, seenAt: performance.now() };
  }
  const asked = windowOfPod(request, listing.clock);
  const note = clockText(asked);
  if (note !== undefined) report(`${pod.namespace}/${pod.name}: ${note}`);
  const window = { from: asked.from, to: asked.to + secondsToNanoseconds(andSeconds) };
  const begins = beginsLate(listing.files, pod.name, asked);
  const times = {
    from: formatTime(window.from),
    to: formatTime(window.to),
    begins: begins === undefined ? null : formatTime(begins),
  };
  const outcome = await keepInPod(options, pod, window);
  return { kept: { ...identity, ...times, ...outcome }, seenAt: performance.now() };
}
