/**
 * Numbers in network byte order, out of bytes that others wrote. What lies behind the end reads as 0, so that nothing
 * throws; whoever needs to know compares lengths first.
 */

/** One byte; 0 beyond the end. */
export function octet(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** A number of two bytes, the most significant first. */
export function number16(bytes: Uint8Array, at: number): number {
  return (octet(bytes, at) << 8) | octet(bytes, at + 1);
}

/** A number of three bytes, the most significant first. */
export function number24(bytes: Uint8Array, at: number): number {
  return (number16(bytes, at) << 8) | octet(bytes, at + 2);
}

/** From 0 to 2^32 - 1. */
export function number32(bytes: Uint8Array, at: number): number {
  return ((number16(bytes, at) << 16) | number16(bytes, at + 2)) >>> 0;
}

const decoder = new TextDecoder('latin1');

/** Each octet as a character. */
export function octetText(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}
