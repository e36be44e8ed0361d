/**
 * The bounds of values: what a value of each type may be at most or at least. The Go program has the same numbers,
 * which are written from here; see goTable.ts.
 */
export const bounds = {
  /** Characters of a text, as JavaScript counts them. */
  longestText: 16_384,
  /** Characters of an rclone destination. */
  longestRemote: 1024,
  /** Bytes of a packet; what tcpdump and dumpcap take at most. */
  largestSnaplen: 262_144,
  /** Bytes of a file or a buffer. */
  leastBytes: 1024 ** 2,
  /** Bytes of the kernel's buffer, unless the release says otherwise: no memory limit counts them. */
  defaultBufferLimit: 64 * 1024 ** 2,
  /** Bytes of the kernel's buffer, whatever the release says: beyond, a signed integer of 32 bits overflows. */
  largestBufferLimit: 2047 * 1024 ** 2,
  /** Seconds of a duration: a year. */
  mostSeconds: 31_536_000,
  /** A VXLAN network identifier has 24 bits (RFC 7348). */
  largestVNI: 16_777_215,
  /** Of VXLAN at IANA. */
  defaultMirrorPort: 4789,
} as const;

/** The value of `snaplen` that keeps headers alone. */
export const headersOnly = 'headers';
