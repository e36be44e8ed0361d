import { createByteWriter } from './byteWriter.ts';
import { writePacket } from './encode.ts';
import { createHeap } from './heap.ts';
import { createInterfaceTable, type InterfaceBudget, type Labeller } from './interfaceTable.ts';
import { writeHeader, writeOther } from './mergeFiles.ts';
import { createCaptureReader, type Truncation } from './reader.ts';
import { podLimits } from './readLimits.ts';
import type { CapturePacket } from './records.ts';
import { toNanoseconds } from './resolution.ts';
import { writeAddressNames, type Naming } from './writeNames.ts';

/** Merges sources into one pcapng while they capture; sources may come and go. */
export interface LiveMerge {
  /** Adds a source. @param name is used in errors */
  add(name: string, label: Labeller): LiveSource;
  /** Returns what is due at `now`: first the file's header, then whole blocks; empty when nothing is due. */
  take(now: number): Uint8Array;
  /** Returns everything that is held, due or not. */
  takeAll(): Uint8Array;
  readonly counts: LiveCounts;
}

/** One of the captures that are merged while they arrive. */
export interface LiveSource {
  /**
   * Adds bytes of the source.
   * @param now milliseconds of a monotonic clock, the same clock as for {@link LiveMerge.take}
   * @throws CAPTURE_INVALID; whole blocks before the invalid one are merged, and other sources are not affected
   */
  push(chunk: Uint8Array, now: number): void;
  /** Call it when the source has ended; undefined when its last block is whole. */
  end(): Truncation | undefined;
  /** Packets received from the source. */
  readonly packets: number;
}

/** Counts over all sources, for packets that were written. */
export interface LiveCounts {
  readonly packets: number;
  /** Packets that arrived later than the window allows: in the output they follow packets with a later time. */
  readonly late: number;
}

/** How packets of several sources are put in order of time, and how much memory that may need. */
export interface LiveMergeOptions {
  readonly application?: string;
  /** Of the file, for people. */
  readonly comment?: string | undefined;
  /** How long a packet waits for earlier ones of other sources, in milliseconds. */
  readonly windowMs: number;
  /** The most bytes of packets that wait; when there are more, the earliest packets are written at once. */
  readonly mostBytes: number;
  /** Names of addresses; default none. */
  readonly naming?: Naming | undefined;
}

interface Waiting {
  readonly time: bigint;
  /** The number of the arrival: packets of equal time keep their order of arrival. */
  readonly order: number;
  /** When it arrived, in milliseconds. */
  readonly arrived: number;
  /** Its number in the output. */
  readonly interface: number;
  /** Undefined once it is written, so that its bytes can be freed while the entry is still in the queue of arrivals. */
  packet: CapturePacket | undefined;
}

/** Estimated memory of a packet besides its data, and of an option besides its value, in bytes. */
const packetOverhead = 256;
const optionOverhead = 128;

function bytesOf({ data, options }: CapturePacket): number {
  return packetOverhead + data.length + options.reduce((sum, { value }) => sum + optionOverhead + value.length, 0);
}

/**
 * Every packet waits for `windowMs` after its arrival. Packets are therefore written in order of time if none was in
 * transit for longer than that. A silent source does not delay the others, and this machine's time of day does not
 * matter.
 */
export function createLiveMerge({ application, comment, windowMs, mostBytes, naming }: LiveMergeOptions): LiveMerge {
  const out = createByteWriter();
  const table = createInterfaceTable(out);
  const byTime = createHeap<Waiting>((a, b) => a.time < b.time || (a.time === b.time && a.order < b.order));
  const byArrival = createQueue<Waiting>();
  const counts = { packets: 0, late: 0 };
  /** By the name of the source, because a source may connect again. */
  const budgets = new Map<string, InterfaceBudget>();
  let waitingBytes = 0;
  let arrivals = 0;
  let latest: bigint | undefined;

  const writeEarliest = (): void => {
    const item = byTime.pop();
    if (item?.packet === undefined) return;
    waitingBytes -= bytesOf(item.packet);
    counts.packets += 1;
    if (latest !== undefined && item.time < latest) counts.late += 1;
    else latest = item.time;
    if (naming !== undefined) writeAddressNames(out, naming.before(item.packet, item.time));
    writePacket(out, item.packet, item.interface);
    item.packet = undefined;
  };

  const isFull = (): boolean => waitingBytes > mostBytes;

  const hold = (packet: CapturePacket, id: number, arrived: number): void => {
    const item = {
      time: toNanoseconds(packet.ticks, packet.interface.resolution),
      order: arrivals,
      arrived,
      interface: id,
      packet,
    };
    arrivals += 1;
    waitingBytes += bytesOf(packet);
    byTime.push(item);
    byArrival.push(item);
    while (isFull()) writeEarliest();
  };

  const writeDue = (until: number): void => {
    for (
      let item = byArrival.first();
      item !== undefined && (item.packet === undefined || item.arrived <= until);
      item = byArrival.first()
    ) {
      while (item.packet !== undefined) writeEarliest();
      byArrival.drop();
    }
  };

  writeHeader(out, application, comment);
  return {
    counts,
    add(name, label) {
      const reader = createCaptureReader(name, podLimits);
      const budget = budgets.get(name) ?? { left: podLimits.mostInterfaces };
      budgets.set(name, budget);
      let packets = 0;
      return {
        get packets() {
          return packets;
        },
        push(chunk, now) {
          for (const record of reader.push(chunk)) {
            if (record.type === 'packet') {
              packets += 1;
              hold(record, table.idOf(record.interface, label, budget), now);
            } else {
              writeOther(out, record, { several: true, idOf: (captured) => table.idOf(captured, label, budget) });
            }
          }
        },
        end: () => reader.end(),
      };
    },
    take(now) {
      writeDue(now - windowMs);
      return out.take();
    },
    takeAll() {
      writeDue(Number.POSITIVE_INFINITY);
      if (naming !== undefined) writeAddressNames(out, naming.atEnd());
      return out.take();
    },
  };
}

/** A first-in, first-out queue that seldom moves its items. */
function createQueue<T>(): { push(item: T): void; first(): T | undefined; drop(): void } {
  let items: T[] = [];
  let at = 0;
  return {
    push(item) {
      items.push(item);
    },
    first: () => items[at],
    drop() {
      at += 1;
      if (at < 1024 || at * 2 < items.length) return;
      items = items.slice(at);
      at = 0;
    },
  };
}
