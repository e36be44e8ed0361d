import { longestTimerMs, parseDuration } from '../../duration.ts';

/**
 * Milliseconds that the first capture, and after it the others, may take to begin. A cluster that is busy takes
 * seconds to start a capture.
 */
const mostWaitMs = 30_000;

/** When a capture with `--duration` is over. */
export interface CaptureDuration {
  readonly over: AbortSignal;
  /** Tells that a capture has begun. */
  readonly begun: () => void;
  /** Tells that no pod is waited for any more; only the first call after a capture has begun counts. */
  readonly allBegun: () => void;
  /** Forgets the time. */
  readonly end: () => void;
}

/**
 * The time counts from when the captures of all pods that are waited for have begun, so that a slow start takes none of
 * it from any pod. Those that have not begun half a minute after the first one are not waited for. If none begins, it
 * is over after the same time, but not before half a minute.
 * @param duration as parseDuration reads it; undefined: it is never over
 */
export function captureDuration(duration: string | undefined): CaptureDuration {
  const controller = new AbortController();
  const wanted = duration === undefined ? undefined : (parseDuration(duration) ?? 0) * 1000;
  const overAfter = (milliseconds: number): NodeJS.Timeout =>
    setTimeout(() => controller.abort(), Math.min(milliseconds, longestTimerMs));
  let timer = wanted === undefined ? undefined : overAfter(Math.max(wanted, mostWaitMs));
  let lastBegun: number | undefined;
  let counts = false;
  const setOver = (milliseconds: number): void => {
    clearTimeout(timer);
    timer = overAfter(milliseconds);
  };
  return {
    over: controller.signal,
    begun: () => {
      if (wanted === undefined || counts) return;
      if (lastBegun === undefined) setOver(mostWaitMs + wanted);
      lastBegun = performance.now();
    },
    allBegun: () => {
      if (wanted === undefined || counts || lastBegun === undefined) return;
      counts = true;
      setOver(Math.max(0, wanted - (performance.now() - lastBegun)));
    },
    end: () => clearTimeout(timer),
  };
}
