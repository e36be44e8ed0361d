/** Times of packets have nanoseconds, which a Date cannot hold: here they are nanoseconds since 1970, in UTC. */

const perSecond = 1_000_000_000n;
const perMillisecond = 1_000_000n;

/** date, `T`, time, fraction, offset; RFC 3339 also allows lower case and a space. */
const form = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * Nanoseconds since 1970 of a time in RFC 3339; digits finer than a nanosecond are cut off.
 * @returns undefined for other text, also for a time without its offset from UTC, and for days that do not exist
 */
export function parseTime(text: string): bigint | undefined {
  const [, date = '', time = '', fraction = '', offset = ''] = form.exec(text) ?? [];
  if (date === '') return undefined;
  const milliseconds = Date.parse(`${date}T${time}${offset.toUpperCase()}`);
  // Date.parse takes February 31 as a day in March.
  if (Number.isNaN(milliseconds) || !isDay(date)) return undefined;
  return BigInt(milliseconds) * perMillisecond + BigInt(fraction.padEnd(9, '0'));
}

function isDay(date: string): boolean {
  const parsed = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(parsed) && new Date(parsed).toISOString().startsWith(date);
}

/** Whether the text would be a time in RFC 3339 if an offset from UTC stood behind it. */
export function lacksOffset(text: string): boolean {
  return parseTime(`${text}Z`) !== undefined;
}

/** A time in RFC 3339, in UTC: with as many digits behind the point as it needs, in groups of three. */
export function formatTime(nanoseconds: bigint): string {
  const seconds = nanoseconds / perSecond - (nanoseconds % perSecond < 0n ? 1n : 0n);
  const date = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = `${nanoseconds - seconds * perSecond}`.padStart(9, '0').replace(/(?:000){1,3}$/, '');
  return `${date}${fraction === '' ? '' : `.${fraction}`}Z`;
}

/** The same for names of files: `20261129T030500Z`, with a fraction where it is not 0. */
export function timeInName(nanoseconds: bigint): string {
  return formatTime(nanoseconds).replace(/[-:]/g, '');
}

/** Seconds, with any fraction, in whole nanoseconds. */
export function secondsToNanoseconds(seconds: number): bigint {
  return millisecondsToNanoseconds(seconds * 1000);
}

/** Milliseconds since 1970, as of `Date.now()`, in nanoseconds. */
export function millisecondsToNanoseconds(milliseconds: number): bigint {
  const whole = Math.floor(milliseconds);
  return BigInt(whole) * perMillisecond + BigInt(Math.round((milliseconds - whole) * 1e6));
}
