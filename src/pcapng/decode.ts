import { blockTypes, mostInterfaces } from './blockTypes.ts';
import { captureError } from './captureError.ts';
import { readOptions, type CaptureOption, type NumberWidths } from './options.ts';
import { leanOptions, type ReaderLimits } from './readLimits.ts';
import {
  makeInterface,
  type CaptureInterface,
  type CapturePacket,
  type CaptureRecord,
  type InterfaceStatistics,
} from './records.ts';

const noNumbers: NumberWidths = {};
const interfaceNumbers: NumberWidths = { 8: [8], 10: [4], 14: [8], 16: [8], 17: [8] };
// Both packet blocks share these codes. A verdict (7) is not listed: its first octet says how the rest is read.
const packetNumbers: NumberWidths = { 2: [4], 4: [8], 5: [8], 6: [4] };
// A timestamp is two numbers of 32 bits, the higher one first in both byte orders.
const statisticsNumbers: NumberWidths = { 2: [4, 4], 3: [4, 4], 4: [8], 5: [8], 6: [8], 7: [8], 8: [8] };

/** What later blocks of a section need from it. */
export interface SectionState {
  readonly little: boolean;
  readonly interfaces: CaptureInterface[];
  readonly limits: ReaderLimits;
}

/**
 * Decodes one block.
 * @param body the bytes between the block's two lengths
 * @throws CAPTURE_INVALID
 */
export function decodeBlock(blockType: number, body: DataView, section: SectionState): CaptureRecord {
  const { little } = section;
  switch (blockType) {
    case blockTypes.interface:
      return decodeInterface(body, section);
    case blockTypes.enhancedPacket:
      return decodeEnhancedPacket(body, section);
    case blockTypes.packet:
      return decodeObsoletePacket(body, section);
    case blockTypes.simplePacket:
      return decodeSimplePacket(body, section);
    case blockTypes.statistics:
      return decodeStatistics(body, section);
    case blockTypes.names: {
      const names = readOptions(body, 0, little, noNumbers);
      return {
        type: 'names',
        entries: names.options,
        options: readOptions(body, names.next, little, noNumbers).options,
      };
    }
    case blockTypes.secrets: {
      need(body, 8, 'decryption secrets block');
      const length = body.getUint32(4, little);
      const end = dataEnd(body, 8, length);
      return {
        type: 'secrets',
        secretsType: body.getUint32(0, little),
        data: bytesOf(body, 8, length),
        options: readOptions(body, end, little, noNumbers).options,
      };
    }
    default:
      return { type: 'unknown', blockType, little, body: bytesOf(body, 0, body.byteLength) };
  }
}

function decodeInterface(body: DataView, { little, interfaces, limits }: SectionState): CaptureInterface {
  need(body, 8, 'interface description block');
  if (interfaces.length >= mostInterfaces) throw captureError(`a section has more than ${mostInterfaces} interfaces`);
  const { options } = readOptions(body, 8, little, interfaceNumbers);
  const made = makeInterface(
    body.getUint16(0, little),
    body.getUint32(4, little),
    limits.leanInterfaces ? leanOptions(options) : options,
  );
  interfaces.push(made);
  return made;
}

function decodeEnhancedPacket(body: DataView, section: SectionState): CapturePacket {
  need(body, 20, 'enhanced packet block');
  const { little } = section;
  const length = body.getUint32(12, little);
  const end = dataEnd(body, 20, length);
  return {
    type: 'packet',
    interface: interfaceAt(section, body.getUint32(0, little)),
    ticks: ticksAt(body, 4, little),
    originalLength: body.getUint32(16, little),
    data: bytesOf(body, 20, length),
    options: readOptions(body, end, little, packetNumbers).options,
  };
}

function decodeObsoletePacket(body: DataView, section: SectionState): CapturePacket {
  need(body, 20, 'packet block');
  const { little } = section;
  const drops = body.getUint16(2, little);
  const length = body.getUint32(12, little);
  const end = dataEnd(body, 20, length);
  const { options } = readOptions(body, end, little, packetNumbers);
  return {
    type: 'packet',
    interface: interfaceAt(section, body.getUint16(0, little)),
    ticks: ticksAt(body, 4, little),
    originalLength: body.getUint32(16, little),
    data: bytesOf(body, 20, length),
    // 65535 means that the number of drops is unknown.
    options: drops === 0xffff ? options : [...options, dropCount(drops)],
  };
}

/** The option epb_dropcount: the enhanced packet block has it in place of that field of the obsolete block. */
function dropCount(drops: number): CaptureOption {
  const value = new Uint8Array(8);
  new DataView(value.buffer).setUint32(0, drops, true);
  return { code: 4, value };
}

function decodeSimplePacket(body: DataView, section: SectionState): CapturePacket {
  need(body, 4, 'simple packet block');
  const originalLength = body.getUint32(0, section.little);
  const of = interfaceAt(section, 0);
  const length = of.snaplen === 0 ? originalLength : Math.min(originalLength, of.snaplen);
  dataEnd(body, 4, length);
  return { type: 'packet', interface: of, ticks: 0n, originalLength, data: bytesOf(body, 4, length), options: [] };
}

function decodeStatistics(body: DataView, section: SectionState): InterfaceStatistics {
  need(body, 12, 'interface statistics block');
  const { little } = section;
  return {
    type: 'statistics',
    interface: interfaceAt(section, body.getUint32(0, little)),
    ticks: ticksAt(body, 4, little),
    options: readOptions(body, 12, little, statisticsNumbers).options,
  };
}

function ticksAt(body: DataView, at: number, little: boolean): bigint {
  return (BigInt(body.getUint32(at, little)) << 32n) | BigInt(body.getUint32(at + 4, little));
}

function interfaceAt({ interfaces }: SectionState, index: number): CaptureInterface {
  const found = interfaces[index];
  if (found === undefined) throw captureError(`a block refers to interface ${index}, which is not described`);
  return found;
}

function need(body: DataView, length: number, what: string): void {
  if (body.byteLength < length) throw captureError(`a ${what} is too short`);
}

/** The offset after data and its padding. */
function dataEnd(body: DataView, start: number, length: number): number {
  if (start + length > body.byteLength) throw captureError('a packet is longer than its block');
  return Math.min(start + Math.ceil(length / 4) * 4, body.byteLength);
}

function bytesOf(body: DataView, start: number, length: number): Uint8Array {
  return new Uint8Array(body.buffer, body.byteOffset + start, length);
}
