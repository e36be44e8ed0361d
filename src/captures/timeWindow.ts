import { formatTime, millisecondsToNanoseconds, secondsToNanoseconds } from '../time.ts';
import { agentTimeAt, type AgentClock, type Moment } from './agentClock.ts';

/** One end of a window: a time, in nanoseconds since 1970, or so many seconds before the command began. */
export type WindowEnd = { readonly at: bigint } | { readonly secondsAgo: number };

/** The window that the user asks for; from which time on and until when is known for each pod, by its clock. */
export interface WindowRequest {
  readonly from: WindowEnd;
  readonly to: WindowEnd;
  /** When the command began. */
  readonly asked: Moment;
}

/** A window in a pod's own clock; `from` belongs to it, `to` does not. */
export interface PodWindow {
  readonly from: bigint;
  readonly to: bigint;
  /** Seconds by which the pod's clock is ahead of this machine's, or behind it; 0 for at most one. */
  readonly ahead: number;
  /** The agent does not report its clock: the window is by this machine's. */
  readonly clockUnknown: boolean;
}

/** Seconds by which clocks may differ without a word. */
const tolerated = 1;
const millisecond = 1_000_000n;

/**
 * The window in the clock of a pod. Its ends are whole milliseconds unless the user's were finer. Pure.
 * @param clock undefined: the agent does not report it
 */
export function windowOfPod({ from, to, asked }: WindowRequest, clock: AgentClock | undefined): PodWindow {
  const now = clock === undefined ? millisecondsToNanoseconds(asked.wall) : agentTimeAt(clock, asked);
  // Not earlier than now, so that nothing is missing that was there when the command began.
  const rounded = ((now + millisecond - 1n) / millisecond) * millisecond;
  const end = (one: WindowEnd): bigint => ('at' in one ? one.at : rounded - secondsToNanoseconds(one.secondsAgo));
  const ahead = clock?.ahead ?? 0;
  return {
    from: end(from),
    to: end(to),
    ahead: Math.abs(ahead) > tolerated ? ahead : 0,
    clockUnknown: clock === undefined,
  };
}

/** What to say of a pod's clock; undefined when the window is as it was asked for. Pure. */
export function clockText({ from, to, ahead, clockUnknown }: PodWindow): string | undefined {
  if (clockUnknown)
    return "its agent is older than this program and does not report its clock: the window is by this machine's";
  if (ahead === 0) return undefined;
  const differs = `its clock is ${Math.abs(ahead).toFixed(1)} s ${ahead > 0 ? 'ahead of' : 'behind'} this machine's`;
  return `${differs}: the window is ${formatTime(from)} to ${formatTime(to)} there`;
}
