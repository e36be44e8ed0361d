import { longestTimerMs, parseDuration } from '../../duration.ts';
import { codedError } from '../../errors.ts';

/** How the value of a flag is checked, beyond the grammar of durations. */
export interface DurationLimits {
  /** Shown when the value is not a duration. */
  readonly example: string;
  /** The least number of seconds; default 1, because a wait of 0 s could never succeed. */
  readonly least?: number;
}

/**
 * Parses the duration of a flag, in seconds.
 * @param where the flag
 * @throws USAGE
 */
export function durationOfFlag(text: string, where: string, { example, least = 1 }: DurationLimits): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw codedError('USAGE', `"${text}" is not a duration such as ${example}`, { where });
  if (seconds < least)
    throw codedError('USAGE', `"${text}" is too short: the minimum is ${Math.max(1, least)}s`, { where });
  if (seconds * 1000 > longestTimerMs)
    throw codedError('USAGE', `"${text}" is too long: the maximum is 24 days`, { where });
  return seconds;
}

/** Parses the whole number of a flag. @throws USAGE unless it is from 1 to `most` */
export function countOf(text: string, flag: string, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most)
    throw codedError('USAGE', `it is not a whole number from 1 to ${most}`, { where: flag });
  return value;
}
