import { parseDuration } from '../duration.ts';
import { parseTime } from '../time.ts';
import { bounds } from './bounds.ts';

/** A value of `keep`: which packets to keep, and why. */
export type Keep = ({ readonly lastSeconds: number } | { readonly from: bigint; readonly to: bigint }) & {
  /** May be empty. */
  readonly reason: string;
};

/** Nanoseconds in a second. */
const second = 1_000_000_000n;

/**
 * A value of `keep`: `DURATION[ REASON]` or `FROM/TO[ REASON]`, with times of RFC 3339 in nanoseconds since 1970.
 * @returns undefined for a value that is not valid
 */
export function parseKeep(value: string): Keep | undefined {
  if (keepProblem(value) !== undefined) return undefined;
  const { window, reason } = partsOf(value);
  const [from = '', to] = window.split('/');
  if (to === undefined) return { lastSeconds: parseDuration(window) ?? 0, reason };
  return { from: timeOf(from) ?? 0n, to: timeOf(to) ?? 0n, reason };
}

/**
 * The problem of a value of `keep` that is not empty; undefined when it is valid. As checkKeep in
 * agent/internal/settings/keep.go.
 */
export function keepProblem(value: string): string | undefined {
  const { window, reason } = partsOf(value);
  return windowProblem(window) ?? reasonProblem(reason);
}

function windowProblem(window: string): string | undefined {
  const slash = window.indexOf('/');
  if (slash < 0) {
    const seconds = parseDuration(window);
    if (seconds === undefined)
      return 'must begin with a duration such as 10m, or with two times such as 2026-11-22T18:00:00Z/2026-11-22T18:10:00Z';
    return isLength(seconds) ? undefined : 'must be from 1s to 8760h';
  }
  const [from, to] = [timeOf(window.slice(0, slash)), timeOf(window.slice(slash + 1))];
  if (from === undefined || to === undefined)
    return 'must begin with two times such as 2026-11-22T18:00:00Z/2026-11-22T18:10:00Z';
  if (to < from) return 'must not end before it begins';
  return to - from > BigInt(bounds.mostSeconds) * second ? 'must be from 1s to 8760h' : undefined;
}

function isLength(seconds: number): boolean {
  return seconds >= 1 && seconds <= bounds.mostSeconds;
}

function reasonProblem(reason: string): string | undefined {
  return reason.length > bounds.longestReason
    ? `must have a reason of at most ${bounds.longestReason} characters`
    : undefined;
}

function partsOf(value: string): { readonly window: string; readonly reason: string } {
  const space = value.indexOf(' ');
  return space < 0
    ? { window: value, reason: '' }
    : { window: value.slice(0, space), reason: value.slice(space).trim() };
}

/** Times of RFC 3339 as the agent takes them: from 1970 on, in upper case, with at most nine digits of a second. */
const time =
  /^(?:19[7-9]\d|[2-9]\d{3})-\d{2}-\d{2}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Nanoseconds since 1970; undefined for another text. */
function timeOf(text: string): bigint | undefined {
  return time.test(text) ? parseTime(text) : undefined;
}
