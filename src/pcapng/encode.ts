import { blockTypes, largestBlock, padded } from './blockTypes.ts';
import type { ByteWriter } from './byteWriter.ts';
import { captureError } from './captureError.ts';
import { optionsLength, type CaptureOption } from './options.ts';
import type {
  CaptureInterface,
  CaptureNames,
  CapturePacket,
  CaptureSecrets,
  InterfaceStatistics,
  UnknownBlock,
} from './records.ts';

/** Blocks are written in little-endian byte order: options' values are held so and need no conversion. */
const little = true;
const mask = 0xffff_ffffn;

/** Writes a section header. @throws CAPTURE_INVALID, like all writers of this file, for a block over the size limit */
export function writeSection(out: ByteWriter, options: readonly CaptureOption[]): void {
  const { view, end } = openBlock(out, blockTypes.section, 16 + optionsLength(options));
  view.setUint32(8, 0x1a2b_3c4d, little);
  view.setUint16(12, 1, little);
  // -1: the length of the section is unknown.
  view.setBigInt64(16, -1n, little);
  end(24, options);
}

/** Appends an Interface Description Block. */
export function writeInterface(out: ByteWriter, { linkType, snaplen, options }: CaptureInterface): void {
  const { view, end } = openBlock(out, blockTypes.interface, 8 + optionsLength(options));
  view.setUint16(8, linkType, little);
  view.setUint32(12, snaplen, little);
  end(16, options);
}

/** Writes an enhanced packet block, from whichever kind of block the packet was read. */
export function writePacket(
  out: ByteWriter,
  { ticks, originalLength, data, options }: CapturePacket,
  interfaceId: number,
): void {
  const { view, bytes, end } = openBlock(
    out,
    blockTypes.enhancedPacket,
    20 + padded(data.length) + optionsLength(options),
  );
  view.setUint32(8, interfaceId, little);
  setTicks(view, 12, ticks);
  view.setUint32(20, data.length, little);
  view.setUint32(24, originalLength, little);
  bytes.set(data, 28);
  end(28 + padded(data.length), options);
}

/** Appends an Interface Statistics Block. */
export function writeStatistics(out: ByteWriter, { ticks, options }: InterfaceStatistics, interfaceId: number): void {
  const { view, end } = openBlock(out, blockTypes.statistics, 12 + optionsLength(options));
  view.setUint32(8, interfaceId, little);
  setTicks(view, 12, ticks);
  end(20, options);
}

/** Appends a Name Resolution Block. */
export function writeNames(out: ByteWriter, { entries, options }: CaptureNames): void {
  // An end-of-records entry follows the entries, even when there are none.
  const entriesLength = Math.max(4, optionsLength(entries));
  const { view, bytes, end } = openBlock(out, blockTypes.names, entriesLength + optionsLength(options));
  setOptions(view, bytes, 8, entries);
  end(8 + entriesLength, options);
}

/** Appends a Decryption Secrets Block. */
export function writeSecrets(out: ByteWriter, { secretsType, data, options }: CaptureSecrets): void {
  const { view, bytes, end } = openBlock(out, blockTypes.secrets, 8 + padded(data.length) + optionsLength(options));
  view.setUint32(8, secretsType, little);
  view.setUint32(12, data.length, little);
  bytes.set(data, 16);
  end(16 + padded(data.length), options);
}

/**
 * Writes a block whose type is not decoded.
 * @returns false when nothing was written: the block's byte order is big-endian, or its type forbids a copy
 */
export function writeUnknown(out: ByteWriter, block: UnknownBlock): boolean {
  if (!block.little || block.blockType === blockTypes.customPrivate) return false;
  const { bytes } = openBlock(out, block.blockType, block.body.length);
  bytes.set(block.body, 8);
  return true;
}

/** Begins a block with its type and lengths; the caller fills in the rest, which is zero. */
function openBlock(
  out: ByteWriter,
  type: number,
  bodyLength: number,
): {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly end: (at: number, options: readonly CaptureOption[]) => void;
} {
  const length = 12 + bodyLength;
  if (length > largestBlock) throw captureError(`a block would have ${length} bytes, more than ${largestBlock}`);
  const { view, bytes } = out.room(length);
  view.setUint32(0, type, little);
  view.setUint32(4, length, little);
  view.setUint32(length - 4, length, little);
  return { view, bytes, end: (at, options) => setOptions(view, bytes, at, options) };
}

function setOptions(view: DataView, bytes: Uint8Array, start: number, options: readonly CaptureOption[]): void {
  let at = start;
  for (const { code, value } of options) {
    view.setUint16(at, code, little);
    view.setUint16(at + 2, value.length, little);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
}

function setTicks(view: DataView, at: number, ticks: bigint): void {
  view.setUint32(at, Number((ticks >> 32n) & mask), little);
  view.setUint32(at + 4, Number(ticks & mask), little);
}
