/** An IP address as packets hold it: 4 or 16 bytes. */
export type AddressBytes = Uint8Array;

/**
 * Reads an address as text: IPv4 as four decimal numbers, IPv6 as RFC 4291 (section 2.2) has it, without a zone.
 * Undefined for anything else.
 */
export function parseAddress(text: string): AddressBytes | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** The address as Wireshark shows it: IPv6 as RFC 5952 writes it. Empty for bytes that are not 4 or 16. */
export function formatAddress(bytes: AddressBytes): string {
  if (bytes.length === 4) return bytes.join('.');
  return bytes.length === 16 ? formatIpv6(bytes) : '';
}

function parseIpv4(text: string): AddressBytes | undefined {
  if (!/^(?:(?:0|[1-9]\d{0,2})(?:\.(?!$)|$)){4}$/.test(text)) return undefined;
  const numbers = text.split('.').map(Number);
  return numbers.some((number) => number > 255) ? undefined : Uint8Array.from(numbers);
}

/** The longest text: eight groups, of which the last two are an IPv4 address. */
const longestIpv6 = 45;

function parseIpv6(text: string): AddressBytes | undefined {
  if (text.length > longestIpv6) return undefined;
  const halves = withoutIpv4(text)?.split('::') ?? [];
  const [before = '', after] = halves;
  if (halves.length === 0 || halves.length > 2) return undefined;
  const [head, tail] = [groupsOf(before), groupsOf(after ?? '')];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (after === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** `::ffff:10.0.0.1` with its last two groups in hexadecimal. */
function withoutIpv4(text: string): string | undefined {
  const at = text.lastIndexOf(':') + 1;
  if (!text.includes('.', at)) return text;
  const bytes = parseIpv4(text.slice(at));
  if (bytes === undefined) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return `${text.slice(0, at)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  return groups.every((group) => /^[\da-f]{1,4}$/i.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined;
}

function formatIpv6(bytes: AddressBytes): string {
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${bytes.subarray(12).join('.')}`;
  const { start, length } = longestZeros(groups);
  const text = (some: readonly number[]): string => some.map((group) => group.toString(16)).join(':');
  return length < 2 ? text(groups) : `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

/** The first one of the longest runs of zeros. */
function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  for (const [at, group] of groups.entries()) {
    if (group !== 0) start = at + 1;
    else if (at + 1 - start > longest.length) longest = { start, length: at + 1 - start };
  }
  return longest;
}
