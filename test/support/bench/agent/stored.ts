import { visitPackets } from './packets.ts';
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
  const segments: Segments = { starts: [], lengths: [] };
  let packets = 0;
  for (const file of files) {
    await visitPackets(file, (view, at) => {
      packets += 1;
      const network = at + ethernet;
      const transport = network + (view.getUint8(network) & 15) * 4;
      const type = view.getUint8(network + 9);
      // There are fewer than 2^32.
      if (type === udp) seen[view.getUint32(transport + 8, true)] = 1;
      if (type !== tcp) return;
      const length = view.getUint16(network + 2) - (transport - network) - (view.getUint8(transport + 12) >> 4) * 4;
      // One direction has payload alone.
      if (length === 0) return;
      segments.starts.push(view.getUint32(transport + 4));
      segments.lengths.push(length);
    });
  }
  const stored = protocol === 'udp' ? seen.reduce((sum, bit) => sum + bit, 0) : coveredBytes(segments) / size;
  return { packets, share: stored / sent };
}

export interface Segments {
  /** Sequence numbers. */
  readonly starts: number[];
  readonly lengths: number[];
}

/**
 * How many bytes of one direction of a connection there are, of less than 2^31 in all: what was sent again counts once.
 */
export function coveredBytes({ starts, lengths }: Segments): number {
  // Numbers begin anywhere and wrap: as a signed distance from the first they have an order.
  const [first = 0] = starts;
  const distances = Int32Array.from(starts, (start) => start - first);
  const order = Uint32Array.from(starts.keys()).toSorted((a, b) => (distances[a] ?? 0) - (distances[b] ?? 0));
  let [end, bytes] = [Number.NEGATIVE_INFINITY, 0];
  for (const index of order) {
    const from = Math.max(distances[index] ?? 0, end);
    const to = (distances[index] ?? 0) + (lengths[index] ?? 0);
    if (to <= from) continue;
    bytes += to - from;
    end = to;
  }
  return bytes;
}
