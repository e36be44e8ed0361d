/** Whether a pcapng, which may end anywhere, has an enhanced packet block (type 6). */
export function hasPacket(bytes: Buffer): boolean {
  for (let at = 0; at + 8 <= bytes.length; at += Math.max(12, bytes.readUInt32LE(at + 4)))
    if (bytes.readUInt32LE(at) === 6) return true;
  return false;
}
