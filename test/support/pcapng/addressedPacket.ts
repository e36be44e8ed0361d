import { addressKey, parseAddress, type CapturePacket } from '../../../src/pcapng/index.ts';
import { makeInterface } from '../../../src/pcapng/records.ts';
import { bytesOf } from './captureBytes.ts';

/** The bytes of an address. */
export function addressBytes(text: string): Uint8Array {
  const bytes = parseAddress(text);
  if (bytes === undefined) throw new Error(`${text} is no address`);
  return bytes;
}

export interface FrameOptions {
  readonly payload?: Uint8Array;
  readonly sourcePort?: number;
}

/** An Ethernet frame with a UDP datagram from one address to another, of one family. */
export function frameBetween(
  source: string,
  destination: string,
  { payload = new Uint8Array(16), sourcePort = 30_000 }: FrameOptions = {},
): Uint8Array {
  const ethernet = Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1);
  const udp = bytesOf(false, [2, sourcePort], [2, 40_000], [2, payload.length + 8], [2, 0], payload);
  const [from, to] = [addressBytes(source), addressBytes(destination)];
  if (from.length === 16)
    return bytesOf(false, ethernet, [2, 0x86dd], [4, 0x6000_0000], [2, udp.length], [1, 17], [1, 64], from, to, udp);
  const start = [
    [2, 0x4500],
    [2, udp.length + 20],
    [4, 0],
    [1, 64],
    [1, 17],
  ] as const;
  return bytesOf(false, ethernet, [2, 0x0800], ...start, [2, 0], from, to, udp);
}

const ethernet = makeInterface(1, 0, []);

export function packetBetween(source: string, destination: string): CapturePacket {
  const data = frameBetween(source, destination);
  return { type: 'packet', interface: ethernet, ticks: 0n, originalLength: data.length, data, options: [] };
}

export function keyOf(text: string): number | string {
  return addressKey(addressBytes(text));
}
