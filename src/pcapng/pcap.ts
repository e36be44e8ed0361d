import type { ByteQueue } from './byteQueue.ts';
import { captureError } from './captureError.ts';
import { noOptions, type CaptureOption } from './options.ts';
import { interfaceOptions, makeInterface, type CaptureInterface, type CapturePacket } from './records.ts';

/** The classic format of tcpdump (draft-ietf-opsawg-pcap): one interface without a name, and packets. */
export interface PcapFormat {
  readonly little: boolean;
  readonly ticksPerSecond: bigint;
  readonly interface: CaptureInterface;
}

/** Magic numbers, each with the decimal exponent of its time resolution. */
const magicNumbers = new Map([
  [0xa1b2_c3d4, 6],
  [0xa1b2_3c4d, 9],
]);

/** What a pcapng block needs besides the packet, at most: this much is subtracted from the largest block. */
const blockRoom = 65_536;

export const pcapHeaderLength = 24;
const packetHeaderLength = 16;

/** Whether a file with these first four bytes is classic pcap, in either byte order. */
export function isPcap(head: DataView): boolean {
  return magicNumbers.has(head.getUint32(0, true)) || magicNumbers.has(head.getUint32(0, false));
}

/**
 * Takes the file's header from the queue.
 * @throws CAPTURE_INVALID for a version other than 2.4, which every current program writes
 */
export function takePcapHeader(queue: ByteQueue): PcapFormat {
  const header = viewOf(queue.take(pcapHeaderLength));
  const little = magicNumbers.has(header.getUint32(0, true));
  const exponent = magicNumbers.get(header.getUint32(0, little)) ?? 6;
  const version = `${header.getUint16(4, little)}.${header.getUint16(6, little)}`;
  if (version !== '2.4') throw captureError(`version ${version} of the pcap format is not known`);
  const network = header.getUint32(20, little);
  return {
    little,
    ticksPerSecond: 10n ** BigInt(exponent),
    // If bit 26 is set, the four highest bits are the length of the frame check sequence, in units of two bytes.
    interface: makeInterface(network & 0xffff, header.getUint32(16, little), [
      ...(exponent === 9 ? [octetOption(interfaceOptions.resolution, exponent)] : []),
      ...((network & 0x0400_0000) === 0 ? [] : [octetOption(interfaceOptions.fcsLength, (network >>> 28) * 2)]),
    ]),
  };
}

/**
 * Takes one packet from the queue; undefined until it is whole.
 * @throws CAPTURE_INVALID
 */
export function takePcapPacket(
  queue: ByteQueue,
  { little, ticksPerSecond, interface: of }: PcapFormat,
  largestBlock: number,
): CapturePacket | undefined {
  if (queue.length < packetHeaderLength) return undefined;
  const head = queue.peek(packetHeaderLength);
  const length = head.getUint32(8, little);
  if (length > largestBlock - blockRoom) throw captureError(`a packet claims to have ${length} bytes`);
  if (queue.length < packetHeaderLength + length) return undefined;
  const ticks = BigInt(head.getUint32(0, little)) * ticksPerSecond + BigInt(head.getUint32(4, little));
  const originalLength = head.getUint32(12, little);
  const data = queue.take(packetHeaderLength + length).subarray(packetHeaderLength);
  return { type: 'packet', interface: of, ticks, originalLength, data, options: noOptions };
}

function octetOption(code: number, value: number): CaptureOption {
  return { code, value: Uint8Array.of(value) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
