import type { CaptureInterface, CapturePacket, CaptureRecord } from '../pcapng/index.ts';

/** Packets that were not captured, as far as the capture says. */
export interface DropCounter {
  statistics(record: Extract<CaptureRecord, { readonly type: 'statistics' }>): void;
  packet(packet: CapturePacket): void;
  /** By the name of the interface. */
  list(): InterfaceDrops[];
}

/** What an interface's own statistics say; `null`: they do not say. */
export interface InterfaceDrops {
  readonly interface: string;
  /** Packets that passed the filter, or were received. */
  readonly received: number | null;
  /** Dropped by the kernel because there was no room, and by the interface before. */
  readonly dropped: number;
}

/** Codes of options of an interface statistics block, and of an enhanced packet block. */
const codes = { start: 2, received: 4, interfaceDropped: 5, accepted: 6, systemDropped: 7 } as const;
const packetDropCount = 4;

interface Counted {
  readonly name: string;
  /** By the time at which the capture began: later blocks of the same capture replace earlier ones. */
  readonly captures: Map<string, { received: number | null; dropped: number }>;
  betweenPackets: number;
  /** The sum of captures that are not told apart any more. */
  readonly earlier: { captures: number; received: number | null; dropped: number };
}

/** Captures of one interface that are told apart; the agent begins one for each file. The oldest become one sum. */
const mostCaptures = 1000;

/** A counter without interfaces. */
export function createDropCounter(): DropCounter {
  const byName = new Map<string, Counted>();
  const countedOf = (captured: CaptureInterface): Counted => {
    const name = captured.name ?? 'unnamed';
    const found = byName.get(name) ?? {
      name,
      captures: new Map(),
      betweenPackets: 0,
      earlier: { captures: 0, received: null, dropped: 0 },
    };
    byName.set(name, found);
    return found;
  };
  return {
    statistics({ interface: captured, options }) {
      const { captures, earlier } = countedOf(captured);
      const number = (code: number): number | undefined => numberOf(options, code);
      const dropped = (number(codes.interfaceDropped) ?? 0) + (number(codes.systemDropped) ?? 0);
      const begun = options.find(({ code }) => code === codes.start)?.value.join() ?? '';
      if (captures.size >= mostCaptures && !captures.has(begun)) forgetHalf(captures, earlier);
      captures.set(begun, { received: number(codes.accepted) ?? number(codes.received) ?? null, dropped });
    },
    packet({ interface: captured, options }) {
      if (options.length === 0) return;
      const count = numberOf(options, packetDropCount);
      if (count !== undefined) countedOf(captured).betweenPackets += count;
    },
    list: () =>
      [...byName.values()]
        .map(({ name, captures, betweenPackets, earlier }) => {
          const said = [...captures.values(), ...(earlier.captures === 0 ? [] : [earlier])];
          return {
            interface: name,
            received: said.every(({ received }) => received === null)
              ? null
              : said.reduce((sum, { received }) => sum + (received ?? 0), 0),
            // Counts between packets are parts of the sum, where there is one.
            dropped: said.length === 0 ? betweenPackets : said.reduce((sum, { dropped }) => sum + dropped, 0),
          };
        })
        .toSorted((a, b) => (a.interface < b.interface ? -1 : 1)),
  };
}

/** The oldest half becomes a part of the sum. */
function forgetHalf(captures: Counted['captures'], earlier: Counted['earlier']): void {
  for (const [begun, { received, dropped }] of [...captures].slice(0, mostCaptures / 2)) {
    captures.delete(begun);
    earlier.captures += 1;
    earlier.dropped += dropped;
    if (received !== null) earlier.received = (earlier.received ?? 0) + received;
  }
}

function numberOf(options: CapturePacket['options'], wanted: number): number | undefined {
  const value = options.find(({ code }) => code === wanted)?.value;
  return value?.length === 8
    ? Number(new DataView(value.buffer, value.byteOffset, 8).getBigUint64(0, true))
    : undefined;
}
