import { open } from 'node:fs/promises';

/** Of one packet, at `at` in `view`. */
export type Visit = (view: DataView, at: number) => void;

const chunkBytes = 8 << 20;
const sectionHeader = 0x0a0d_0d0a;
const enhancedPacket = 6;

/**
 * Every packet of a capture file that dumpcap or tcpdump has written on a machine like this one: in little-endian, in
 * pcapng or classic pcap. src/pcapng does more for each packet than a bench of hundreds of millions has time for.
 */
export async function visitPackets(file: string, visit: Visit): Promise<void> {
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(chunkBytes);
    let [filled, started] = [0, false];
    let take: Take = takeBlock;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled);
      if (bytesRead === 0) return;
      filled += bytesRead;
      const view = new DataView(buffer.buffer, buffer.byteOffset, filled);
      let at = 0;
      if (!started && filled >= 24) {
        started = true;
        if (view.getUint32(0, true) !== sectionHeader) [take, at] = [takeRecord, 24];
      }
      for (let next = take(view, at, visit); next > 0; next = take(view, at, visit)) at = next;
      buffer.copyWithin(0, at, filled);
      filled -= at;
    }
  } finally {
    await handle.close();
  }
}

/** Takes what begins at `at`. @returns where the next begins; 0 if this one is not whole yet */
type Take = (view: DataView, at: number, visit: Visit) => number;

const takeBlock: Take = (view, at, visit) => {
  if (at + 8 > view.byteLength) return 0;
  const length = view.getUint32(at + 4, true);
  if (length < 12) throw new Error('this is no pcapng');
  const next = at + length;
  if (next > view.byteLength) return 0;
  if (view.getUint32(at, true) === enhancedPacket) visit(view, at + 28);
  return next;
};

const takeRecord: Take = (view, at, visit) => {
  if (at + 16 > view.byteLength) return 0;
  const next = at + 16 + view.getUint32(at + 8, true);
  if (next > view.byteLength) return 0;
  visit(view, at + 16);
  return next;
};
