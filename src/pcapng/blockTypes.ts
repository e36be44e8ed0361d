/**
 * Block types of pcapng that are understood here; all others are kept as they are (draft-ietf-opsawg-pcapng, section
 * 4).
 */
export const blockTypes = {
  section: 0x0a0d_0d0a,
  interface: 1,
  packet: 2,
  simplePacket: 3,
  names: 4,
  statistics: 5,
  enhancedPacket: 6,
  secrets: 10,
  custom: 0x0bad,
  /** A custom block that must not be copied into other files. */
  customPrivate: 0x4000_0bad,
} as const;

/** The largest block that is read: Wireshark's own limit (MAX_BLOCK_SIZE in wiretap/pcapng.c). */
export const largestBlock = 16 * 1024 * 1024;

/** Interfaces of one section; the obsolete packet block counts them in 16 bits. */
export const mostInterfaces = 65_536;

/** Options of one block, and names in one: each takes memory, and nobody writes as many. */
export const mostOptions = 65_536;

/** Bytes up to the next multiple of four. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}
