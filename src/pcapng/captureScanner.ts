import { blockTypes, padded } from './blockTypes.ts';
import { isPcap, pcapHeaderLength } from './pcap.ts';
import { createCaptureReader, type Truncation } from './reader.ts';
import { fileLimits, type ReaderLimits } from './readLimits.ts';
import type { CaptureInterface, CaptureRecord } from './records.ts';

/** A packet where it lies in the piece that was pushed. One object is used for all: copy what must stay. */
export interface ScannedPacket {
  interface: CaptureInterface;
  /** The timestamp in the interface's resolution is `high * perHigh + low`. */
  high: number;
  low: number;
  perHigh: number;
  /** Bytes on the wire. */
  originalLength: number;
  bytes: Uint8Array;
  /** Where the captured bytes begin and end. */
  start: number;
  end: number;
}

/** Who gets what a scan finds, in the order of the file. The packet's object is used again for the next one. */
export interface ScanVisitor {
  packet(packet: ScannedPacket): void;
  /** All other records, and packets with a count of dropped ones. */
  record(record: CaptureRecord): void;
}

/** Reads a capture in pieces of any size. */
export interface CaptureScanner {
  /** Nothing of the piece is kept. @throws CAPTURE_INVALID, behind what is good */
  push(chunk: Uint8Array): void;
  /** Call it at the end of the input; undefined when that is the end of a block too. */
  end(): Truncation | undefined;
}

/** What the input so far says of the rest. */
interface Format {
  kind: 'unknown' | 'pcapng' | 'pcap';
  little: boolean;
  /** Of this section. */
  interfaces: CaptureInterface[];
  readonly largestBlock: number;
  readonly packet: ScannedPacket;
}

const blockHead = 12;
const packetBlockHead = 28;
const packetHead = 16;
const dropCount = 4;

/**
 * Reads captures as {@link createCaptureReader} does, without an object for each packet: for gigabytes of which only
 * numbers are wanted. Packets that lie whole in a piece are passed on in place, all else goes through the reader.
 * @param source for errors
 */
export function createCaptureScanner(
  source: string,
  visitor: ScanVisitor,
  limits: ReaderLimits = fileLimits,
): CaptureScanner {
  const reader = createCaptureReader(source, limits);
  const format = createFormat(limits);
  const rest = createRest();

  const take = (block: Uint8Array): void => {
    if (format.kind === 'pcapng' && block.length >= blockHead && isSection(block)) {
      format.little = isLittle(block);
      format.interfaces = [];
    }
    for (const record of reader.push(block)) {
      if (record.type === 'interface') format.interfaces.push(record);
      visitor.record(record);
    }
  };

  /** Bytes that were taken of a block that did not lie whole in a piece. */
  const fill = (chunk: Uint8Array, at: number): number => {
    const length = lengthOf(format, rest.bytes());
    const added = rest.add(chunk, at, (length ?? headOf(format)) - rest.bytes().length);
    if (length !== undefined && rest.bytes().length >= length) take(rest.take());
    return added;
  };

  return {
    push(chunk) {
      const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
      let at = 0;
      while (at < chunk.length) {
        if (rest.bytes().length > 0) {
          at += fill(chunk, at);
          continue;
        }
        const next =
          format.kind === 'pcap' ? passPackets(view, at, format, visitor) : passBlocks(view, at, format, visitor);
        reader.passed(next - at);
        at = next;
        if (at === chunk.length) return;
        const length = lengthOf(format, chunk.subarray(at));
        if (length === undefined || at + length > chunk.length) {
          at += rest.add(chunk, at, chunk.length - at);
        } else {
          // A copy: the reader's records are views.
          take(chunk.slice(at, at + length));
          at += length;
        }
      }
    },
    end() {
      if (rest.bytes().length > 0) take(rest.take());
      return reader.end();
    },
  };
}

function createFormat({ largestBlock }: ReaderLimits): Format {
  const none: CaptureInterface = {
    type: 'interface',
    linkType: 0,
    snaplen: 0,
    options: [],
    resolution: { base: 10, exponent: 6, offset: 0n },
    name: undefined,
    description: undefined,
  };
  const bytes = new Uint8Array(0);
  const packet = { interface: none, high: 0, low: 0, perHigh: 2 ** 32, originalLength: 0, bytes, start: 0, end: 0 };
  return { kind: 'unknown', little: true, interfaces: [], largestBlock, packet };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isSection(bytes: Uint8Array): boolean {
  return viewOf(bytes).getUint32(0, true) === blockTypes.section;
}

function isLittle(section: Uint8Array): boolean {
  return viewOf(section).getUint32(8, true) === 0x1a2b_3c4d;
}

/** Bytes that tell how long the next block is. */
function headOf({ kind, interfaces }: Format): number {
  if (kind === 'unknown') return 4;
  if (kind === 'pcapng') return blockHead;
  return interfaces.length === 0 ? pcapHeaderLength : packetHead;
}

/**
 * The length of the block that begins there; undefined when more bytes are needed to know. For what is no block at all,
 * or too long a one, as many as the reader needs to refuse it.
 */
function lengthOf(format: Format, bytes: Uint8Array): number | undefined {
  if (format.kind === 'unknown' && bytes.length >= 4) {
    if (isSection(bytes)) format.kind = 'pcapng';
    else if (isPcap(viewOf(bytes))) beginPcap(format, bytes);
    else return 4;
  }
  if (format.kind === 'unknown' || bytes.length < headOf(format)) return undefined;
  const head = viewOf(bytes);
  const { kind, little, largestBlock, interfaces } = format;
  if (kind === 'pcap') {
    if (interfaces.length === 0) return pcapHeaderLength;
    const length = head.getUint32(8, little);
    return length > largestBlock ? packetHead : packetHead + length;
  }
  const length = head.getUint32(4, isSection(bytes) ? isLittle(bytes) : little);
  return length < blockHead || length > largestBlock ? blockHead : length;
}

function beginPcap(format: Format, head: Uint8Array): void {
  const magic = viewOf(head);
  format.kind = 'pcap';
  format.little = magic.getUint8(0) === 0xd4 || magic.getUint8(0) === 0x4d;
  const isNano = magic.getUint32(0, format.little) === 0xa1b2_3c4d;
  format.packet.perHigh = isNano ? 1e9 : 1e6;
}

/** Passes on enhanced packet blocks, up to one that is not whole or needs a closer look. @returns where that begins */
function passBlocks(view: DataView, start: number, format: Format, visitor: ScanVisitor): number {
  const { little, interfaces, packet, largestBlock } = format;
  packet.bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  let at = start;
  while (at + packetBlockHead + 4 <= view.byteLength) {
    const length = view.getUint32(at + 4, little);
    const end = at + length;
    if (view.getUint32(at, little) !== blockTypes.enhancedPacket || length > largestBlock || length % 4 !== 0) break;
    if (length < packetBlockHead + 4 || end > view.byteLength) break;
    const captured = view.getUint32(at + 20, little);
    const options = at + packetBlockHead + padded(captured);
    const found = interfaces[view.getUint32(at + 8, little)];
    if (found === undefined || captured > length || options > end - 4) break;
    if (view.getUint32(end - 4, little) !== length || needsLook(view, options, end - 4, little)) break;
    packet.interface = found;
    packet.high = view.getUint32(at + 12, little);
    packet.low = view.getUint32(at + 16, little);
    packet.originalLength = view.getUint32(at + 24, little);
    packet.start = at + packetBlockHead;
    packet.end = packet.start + captured;
    visitor.packet(packet);
    at = end;
  }
  return at;
}

/** Whether the options of a packet have a count of dropped packets, or are not as they should be. */
function needsLook(view: DataView, start: number, end: number, little: boolean): boolean {
  let at = start;
  while (at + 4 <= end) {
    const code = view.getUint16(at, little);
    if (code === 0) return false;
    if (code === dropCount) return true;
    at += 4 + padded(view.getUint16(at + 2, little));
  }
  return at !== end;
}

/** The same for pcap. */
function passPackets(view: DataView, start: number, format: Format, visitor: ScanVisitor): number {
  const { little, packet, largestBlock, interfaces } = format;
  const [found] = interfaces;
  if (found === undefined) return start;
  packet.interface = found;
  packet.bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  let at = start;
  while (at + packetHead <= view.byteLength) {
    const captured = view.getUint32(at + 8, little);
    const end = at + packetHead + captured;
    // The reader leaves room in a block for what pcapng has around a packet.
    if (captured > largestBlock - 65_536 || end > view.byteLength) break;
    packet.high = view.getUint32(at, little);
    packet.low = view.getUint32(at + 4, little);
    packet.originalLength = view.getUint32(at + 12, little);
    packet.start = at + packetHead;
    packet.end = end;
    visitor.packet(packet);
    at = end;
  }
  return at;
}

/** The beginning of a block whose rest is still to come; it grows with what has come. */
function createRest(): {
  bytes(): Uint8Array;
  /** @returns how many bytes were added: at most `count` */
  add(chunk: Uint8Array, at: number, count: number): number;
  take(): Uint8Array;
} {
  let held = new Uint8Array(0);
  let length = 0;
  return {
    bytes: () => held.subarray(0, length),
    add(chunk, at, count) {
      const added = Math.min(count, chunk.length - at);
      if (length + added > held.length) {
        const larger = new Uint8Array((length + added) * 2);
        larger.set(held.subarray(0, length));
        held = larger;
      }
      held.set(chunk.subarray(at, at + added), length);
      length += added;
      return added;
    },
    take() {
      const taken = held.slice(0, length);
      held = new Uint8Array(0);
      length = 0;
      return taken;
    },
  };
}
