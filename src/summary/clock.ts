import { toNanoseconds, type CaptureInterface, type CapturePacket, type ScannedPacket } from '../pcapng/index.ts';

/** Times as numbers: nanoseconds from the first packet on, exact for 104 days. */
export interface Clock {
  /** Nanoseconds since 1970 of the first packet; undefined before it. */
  readonly base: bigint | undefined;
  scanned(packet: ScannedPacket): number;
  read(packet: CapturePacket): number;
}

/** How the timestamps of an interface become nanoseconds, without big numbers for each packet. */
interface Scale {
  /** The timestamp of the first packet, as in {@link ScannedPacket}. */
  readonly high: number;
  readonly low: number;
  /** Nanoseconds of a tick. */
  readonly tick: number;
  /** Nanoseconds that the timestamp is earlier than the first packet. */
  readonly rest: number;
}

/** A clock without a first packet: the first time that it is asked for becomes its zero. */
export function createClock(): Clock {
  let base: bigint | undefined;
  const scales = new WeakMap<CaptureInterface, Scale | null>();
  let lastSeen: CaptureInterface | undefined;
  let lastScale: Scale | null = null;
  const since = (nanoseconds: bigint): number => {
    base ??= nanoseconds;
    return Number(nanoseconds - base);
  };
  return {
    get base() {
      return base;
    },
    read: ({ ticks, interface: { resolution } }) => since(toNanoseconds(ticks, resolution)),
    scanned(packet) {
      const { interface: captured, high, low, perHigh } = packet;
      if (captured !== lastSeen) {
        base ??= toNanoseconds(BigInt(high) * BigInt(perHigh) + BigInt(low), captured.resolution);
        let scale = scales.get(captured);
        if (scale === undefined) {
          scale = scaleOf(captured, base, perHigh);
          scales.set(captured, scale);
        }
        lastSeen = captured;
        lastScale = scale;
      }
      if (lastScale === null)
        return since(toNanoseconds(BigInt(high) * BigInt(perHigh) + BigInt(low), captured.resolution));
      return ((high - lastScale.high) * perHigh + (low - lastScale.low)) * lastScale.tick - lastScale.rest;
    },
  };
}

/** `null` for resolutions that need big numbers. */
function scaleOf({ resolution }: CaptureInterface, base: bigint, perHigh: number): Scale | null {
  const { base: radix, exponent, offset } = resolution;
  if (radix === 2 || exponent > 9) return null;
  const tick = 10n ** BigInt(9 - exponent);
  const first = base - offset * 1_000_000_000n;
  if (first < 0n) return null;
  const ticks = first / tick;
  return {
    high: Number(ticks / BigInt(perHigh)),
    low: Number(ticks % BigInt(perHigh)),
    tick: Number(tick),
    rest: Number(first % tick),
  };
}
