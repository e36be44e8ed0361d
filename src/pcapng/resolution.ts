/** The unit of an interface's timestamps: the options `if_tsresol` and `if_tsoffset`. */
export interface TimeResolution {
  /** A tick is base^-exponent seconds: nanoseconds are `{base: 10, exponent: 9}`. */
  readonly base: 2 | 10;
  readonly exponent: number;
  /** Seconds to add to each timestamp. */
  readonly offset: bigint;
}

export const microseconds: TimeResolution = { base: 10, exponent: 6, offset: 0n };

const nanosecondsPerSecond = 1_000_000_000n;

/** Reads the octet `if_tsresol`: its highest bit selects the base. */
export function readResolution(octet: number, offset: bigint): TimeResolution {
  return { base: (octet & 0x80) === 0 ? 10 : 2, exponent: octet & 0x7f, offset };
}

/** Converts a timestamp to nanoseconds since 1970, rounded down. */
export function toNanoseconds(ticks: bigint, { base, exponent, offset }: TimeResolution): bigint {
  return inNanoseconds(ticks, base, exponent) + offset * nanosecondsPerSecond;
}

function inNanoseconds(ticks: bigint, base: 2 | 10, exponent: number): bigint {
  if (base === 2) return (ticks * nanosecondsPerSecond) >> BigInt(exponent);
  if (exponent === 9) return ticks;
  return exponent < 9 ? ticks * 10n ** BigInt(9 - exponent) : ticks / 10n ** BigInt(exponent - 9);
}
