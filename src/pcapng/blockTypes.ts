/**
 * The pcapng block types that this reader decodes; others are copied unchanged (draft-ietf-opsawg-pcapng, section 4).
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

/** The largest block that is read, in bytes: Wireshark has the same limit (MAX_BLOCK_SIZE in wiretap/pcapng.c). */
export const largestBlock = 16 * 1024 * 1024;

/** Most interfaces of one section: the obsolete packet block has 16 bits for their number. */
export const mostInterfaces = 65_536;

/** Most options of one block, and most names in one: each takes memory, and no known program writes so many. */
export const mostOptions = 65_536;

/** Rounds a length in bytes up to a multiple of four, as blocks and options are padded. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}
