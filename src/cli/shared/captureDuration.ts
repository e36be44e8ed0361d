import { longestTimerMs, parseDuration } from '../../duration.ts';

/** Milliseconds. A cluster that is busy takes seconds to start the first capture. */
const leastWaitMs = 30_000;

/** When a capture with `--duration` is over. */
export interface CaptureDuration {
  readonly over: AbortSignal;
  /** Tells that a capture has begun; only the first one counts. */
  readonly begun: () => void;
  /** Forgets the time. */
  readonly end: () => void;
}

/**
 * The time counts from the first capture, so that a slow start takes none of it. If none begins, it is over after the
 * same time, but not before half a minute.
 * @param duration as parseDuration reads it; undefined: it is never over
 */
export function captureDuration(duration: string | undefined): CaptureDuration {
  const controller = new AbortController();
  const wanted = duration === undefined ? undefined : (parseDuration(duration) ?? 0) * 1000;
  const overAfter = (milliseconds: number): NodeJS.Timeout =>
    setTimeout(() => controller.abort(), Math.min(milliseconds, longestTimerMs));
  let timer = wanted === undefined ? undefined : overAfter(Math.max(wanted, leastWaitMs));
  let counts = false;
  return {
    over: controller.signal,
    begun: () => {
      if (wanted === undefined || counts) return;
      counts = true;
      clearTimeout(timer);
      timer = overAfter(wanted);
    },
    end: () => clearTimeout(timer),
  };
}
