const unitSeconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

/**
 * Seconds of a Go duration of whole hours, minutes and seconds: `90s`, `1m30s`, `24h`.
 *
 * Units below a second are valid in Go and refused here, because files rotate by whole seconds.
 * @returns the seconds, or undefined when the text is not such a duration
 * @see https://pkg.go.dev/time#ParseDuration
 */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d{1,9}[hms])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)([hms])/g)) {
    seconds += Number(amount) * (unitSeconds[unit ?? ''] ?? Number.NaN);
  }
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}
