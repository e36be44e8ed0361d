/** A duration of whole hours, minutes and seconds, as a regular expression that is valid in RE2 too. */
export const durationPattern = '([0-9]{1,9}[hms])+';

const duration = new RegExp(`^${durationPattern}$`);
const unitSeconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

/** Milliseconds: the longest timer of Node, which counts them in 31 bits. It is 24 days. */
export const longestTimerMs = 2 ** 31 - 1;

/**
 * Seconds of a Go duration of whole hours, minutes and seconds: `90s`, `1m30s`, `24h`.
 *
 * Units below a second are valid in Go and refused here, because files rotate by whole seconds.
 * @returns the seconds, or undefined when the text is not such a duration
 * @see https://pkg.go.dev/time#ParseDuration
 */
export function parseDuration(text: string): number | undefined {
  if (!duration.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)([hms])/g)) {
    seconds += Number(amount) * (unitSeconds[unit ?? ''] ?? Number.NaN);
  }
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}

/** An age for a table, in the largest unit, rounded down: `42s`, `12m`, `3h`, `5d`. */
export function formatAge(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 120) return `${whole}s`;
  if (whole < 7200) return `${Math.floor(whole / 60)}m`;
  return whole < 172_800 ? `${Math.floor(whole / 3600)}h` : `${Math.floor(whole / 86_400)}d`;
}
