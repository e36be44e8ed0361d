import { createReadStream } from 'node:fs';
import { readCapture } from '../../../src/pcapng/index.ts';
import type { Kind } from './traffic.ts';

export interface Stored {
  readonly packets: number;
  /** Of what was sent, the share that is in the files. */
  readonly share: number;
}

const ethernet = 14;
/** On the wire: 6 and 17 (RFC 9293, RFC 768). */
const [tcp, udp] = [6, 17];

/**
 * Looks for what was sent in capture files: for the number in each packet of UDP, and for each byte of TCP by its place
 * in the connection. Twice the same counts once.
 * @param sent packets of UDP, or writes of TCP
 */
export async function countStored(files: readonly string[], { protocol, size }: Kind, sent: number): Promise<Stored> {
  const seen = new Uint8Array(sent);
  const segments = new Map<number, number>();
  let packets = 0;
  for (const file of files) {
    for await (const record of readCapture({ name: file, data: createReadStream(file) })) {
      if (record.type !== 'packet') continue;
      packets += 1;
      const view = new DataView(record.data.buffer, record.data.byteOffset, record.data.byteLength);
      const transport = ethernet + (view.getUint8(ethernet) & 15) * 4;
      const type = view.getUint8(ethernet + 9);
      if (type === udp) seen[Number(view.getBigUint64(transport + 8, true))] = 1;
      if (type !== tcp) continue;
      const length = view.getUint16(ethernet + 2) - (transport - ethernet) - (view.getUint8(transport + 12) >> 4) * 4;
      // One direction has payload alone.
      if (length > 0) segments.set(view.getUint32(transport + 4), length);
    }
  }
  const stored = protocol === 'udp' ? seen.reduce((sum, bit) => sum + bit, 0) : [...segments.values()].reduce((sum, length) => sum + length, 0) / size;
  return { packets, share: stored / sent };
}
