import { createByteWriter } from './byteWriter.ts';
import { writePacket } from './encode.ts';
import { createHeap } from './heap.ts';
import { createInterfaceTable, type InterfaceBudget, type Labeller } from './interfaceTable.ts';
import { writeHeader, writeOther } from './mergeFiles.ts';
import { createCaptureReader, type Truncation } from './reader.ts';
import { podLimits } from './readLimits.ts';
import type { CapturePacket } from './records.ts';
import { toNanoseconds } from './resolution.ts';

/** Sources that come and go, merged into one pcapng while they are captured. */
export interface LiveMerge {
  /** A new source. @param name for errors */
  add(name: string, label: Labeller): LiveSource;
  /** What is due by now: the file's header at first, then whole blocks; empty when nothing is. */
  take(now: number): Uint8Array;
  /** All that is held. */
  takeAll(): Uint8Array;
  readonly counts: LiveCounts;
}

export interface LiveSource {
  /**
   * @param now milliseconds of a clock that never goes back; the same clock as for {@link LiveMerge.take}
   * @throws CAPTURE_INVALID; what was whole before is merged, and the other sources go on
   */
  push(chunk: Uint8Array, now: number): void;
  /** The source has ended; undefined when it ended with a whole packet. */
  end(): Truncation | undefined;
  /** Packets that came from it. */
  readonly packets: number;
}

export interface LiveCounts {
  readonly packets: number;
  /** Packets that came more than the window behind their time: they stand behind packets that are later. */
  readonly late: number;
}

export interface LiveMergeOptions {
  readonly application?: string;
  /** How long a packet waits for earlier ones of other sources, in milliseconds. */
  readonly windowMs: number;
  /** When more bytes of packets wait, the earliest go at once. */
  readonly mostBytes: number;
}

interface Waiting {
  readonly time: bigint;
  /** Counts arrivals: equal times keep that order. */
  readonly order: number;
  readonly arrived: number;
  /** In the output. */
  readonly interface: number;
  /** Undefined once it is written: what others have sent must not wait here any longer. */
  packet: CapturePacket | undefined;
}

/** What a packet takes beside its bytes, and an option of it. */
const packetOverhead = 256;
const optionOverhead = 128;

function bytesOf({ data, options }: CapturePacket): number {
  return packetOverhead + data.length + options.reduce((sum, { value }) => sum + optionOverhead + value.length, 0);
}

/**
 * Every packet waits for `windowMs` from its arrival, so that packets come out in order of time if none was on its way
 * for longer than that. A source that is silent holds nobody up, and nothing depends on this machine's time of day.
 */
export function createLiveMerge({ application, windowMs, mostBytes }: LiveMergeOptions): LiveMerge {
  const out = createByteWriter();
  const table = createInterfaceTable(out);
  const byTime = createHeap<Waiting>((a, b) => a.time < b.time || (a.time === b.time && a.order < b.order));
  const byArrival = createQueue<Waiting>();
  const counts = { packets: 0, late: 0 };
  /** By the name of the source, which may come again. */
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

  writeHeader(out, application);
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
      return out.take();
    },
  };
}

/** First in, first out, without moving what stays. */
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
