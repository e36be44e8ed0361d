/**
 * The smallest and largest values of each type. `npm run docs` writes them into the Go program too; see
 * scripts/docs/goTable.ts.
 */
export const bounds = {
  /** Characters of a text, as JavaScript counts them. */
  longestText: 16_384,
  /** Characters of an rclone destination. */
  longestRemote: 1024,
  /** Characters of the reason of a keep. */
  longestReason: 1024,
  /** Bytes of what an attached agent is told of who asked and why: it is in the comment of each file. */
  longestNote: 1024,
  /** Bytes of a packet; the maximum of tcpdump and dumpcap. */
  largestSnaplen: 262_144,
  /** Bytes of a file or a buffer. */
  leastBytes: 1024 ** 2,
  /** Bytes of the kernel's buffer, unless the release has another limit. No memory limit counts them. */
  defaultBufferLimit: 64 * 1024 ** 2,
  /** Bytes of the kernel's buffer in every release. More would overflow a signed integer of 32 bits. */
  largestBufferLimit: 2047 * 1024 ** 2,
  /** Seconds of a duration: a year. */
  mostSeconds: 31_536_000,
  /** A VXLAN network identifier has 24 bits (RFC 7348). */
  largestVNI: 16_777_215,
  /** The port of VXLAN that IANA assigned. */
  defaultMirrorPort: 4789,
} as const;

/** The value of `snaplen` that keeps only headers. */
export const headersOnly = 'headers';
