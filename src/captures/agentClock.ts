import { millisecondsToNanoseconds } from '../time.ts';

/** A moment on this machine. */
export interface Moment {
  /** Milliseconds since 1970: the time of day, which may be wrong. */
  readonly wall: number;
  /** Milliseconds of a clock that never goes back. */
  readonly steady: number;
}

/** Now, by both clocks of this machine. */
export function thisMoment(): Moment {
  return { wall: Date.now(), steady: performance.now() };
}

/** The clock of an agent, which is that of its node and of its packets' times. */
export interface AgentClock {
  /** What it showed, in nanoseconds since 1970, at or after `asked`. */
  readonly shown: bigint;
  readonly asked: Moment;
  /** Seconds by which it is certainly ahead of this machine's clock; negative: behind; 0: no difference is certain. */
  readonly ahead: number;
}

/** The clock as it was read: it showed this between the question and the answer. Pure. */
export function agentClock(shown: bigint, asked: Moment, answered: Moment): AgentClock {
  const milliseconds = Number(shown / 1000n) / 1000;
  const ahead = milliseconds < asked.wall ? milliseconds - asked.wall : Math.max(0, milliseconds - answered.wall);
  return { shown, asked, ahead: ahead / 1000 };
}

/**
 * What the agent's clock showed at a moment of this machine, in nanoseconds: never too early, and too late by as long
 * as the answer took at most. So a window that ends then has all that was before. Pure.
 */
export function agentTimeAt({ shown, asked }: AgentClock, moment: Moment): bigint {
  return shown - millisecondsToNanoseconds(asked.steady - moment.steady);
}
