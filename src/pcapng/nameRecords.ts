import { formatAddress, parseAddress } from './addresses.ts';
import { mostOptions } from './blockTypes.ts';
import { noOptions, type CaptureOption } from './options.ts';
import type { CaptureNames } from './records.ts';

/**
 * An address and its names, as a Name Resolution Block has them (draft-ietf-opsawg-pcapng, section 4.5). Where there
 * are several names, Wireshark shows the last one. A later block replaces the names of an address: Wireshark shows
 * the new name for the packets behind that block; in its window, which reads the file before it shows it, for all.
 */
export interface AddressName {
  /** IPv4 or IPv6, as text. */
  readonly address: string;
  readonly names: readonly string[];
}

/** Types of name resolution records. */
const recordTypes = { ipv4: 1, ipv6: 2 } as const;

/** Codes of a Name Resolution Block's options: who answered. */
export const namesOptions = { comment: 1, serverName: 2, serverIpv4: 3, serverIpv6: 4 } as const;

/** Bytes of a name: Wireshark keeps 255 (MAXDNSNAMELEN in epan/addr_resolv.h). */
const longestName = 255;
/** Bytes of a record: its length has 16 bits. */
const largestRecord = 65_535;

const utf8 = new TextEncoder();
const text = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/**
 * The names of IPv4 and IPv6 addresses in a block. Pure. Records of other types (EUI-48, EUI-64) and those without a
 * whole address or a name are left out.
 */
export function readNames({ entries }: Pick<CaptureNames, 'entries'>): AddressName[] {
  return entries.flatMap(({ code, value }) => {
    const length = code === recordTypes.ipv4 ? 4 : code === recordTypes.ipv6 ? 16 : 0;
    if (length === 0 || value.length < length) return [];
    const names = text
      .decode(value.subarray(length))
      .split('\0')
      .filter((name) => name !== '');
    return names.length === 0 ? [] : [{ address: formatAddress(value.subarray(0, length)), names }];
  });
}

/**
 * A block with these names, for {@link writeNames}. Pure. What a reader could not take is left out: what is no address;
 * a name that is empty, holds a zero byte or is longer than 255 bytes; names behind 64 KiB of one address; addresses
 * behind the first 65,536.
 */
export function namesRecord(
  names: readonly AddressName[],
  options: readonly CaptureOption[] = noOptions,
): CaptureNames {
  const entries = names.flatMap((one) => recordOf(one) ?? []).slice(0, mostOptions);
  return { type: 'names', entries, options };
}

function recordOf({ address, names }: AddressName): CaptureOption | undefined {
  const bytes = parseAddress(address);
  if (bytes === undefined) return undefined;
  const value = [...bytes];
  for (const name of names) {
    const encoded = utf8.encode(name);
    const usable = encoded.length > 0 && encoded.length <= longestName && !encoded.includes(0);
    if (usable && value.length + encoded.length + 1 <= largestRecord) value.push(...encoded, 0);
  }
  if (value.length === bytes.length) return undefined;
  return { code: bytes.length === 4 ? recordTypes.ipv4 : recordTypes.ipv6, value: Uint8Array.from(value) };
}
