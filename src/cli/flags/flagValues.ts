import { codedError } from '../../errors.ts';
import { parseDuration } from '../../settings/index.ts';

/** Timers of Node count milliseconds in 31 bits: 24 days. */
const longestTimer = 2 ** 31 / 1000 - 1;

export interface DurationLimits {
  /** Shown when it is none. */
  readonly example: string;
  /** Seconds at least; default 1: what waits for no time at all could never succeed. */
  readonly least?: number;
}

/**
 * The seconds of a flag's duration.
 * @param where the flag
 * @throws USAGE
 */
export function durationOfFlag(text: string, where: string, { example, least = 1 }: DurationLimits): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw codedError('USAGE', `"${text}" is not a duration such as ${example}`, { where });
  if (seconds < least)
    throw codedError('USAGE', `"${text}" is too short: ${Math.max(1, least)}s is the least`, { where });
  if (seconds > longestTimer) throw codedError('USAGE', `"${text}" is too long: 24 days are the most`, { where });
  return seconds;
}

/** The whole number that a flag gives. @throws USAGE unless it is 1 to `most` */
export function countOf(text: string, flag: string, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most)
    throw codedError('USAGE', `it is not a whole number from 1 to ${most}`, { where: flag });
  return value;
}
