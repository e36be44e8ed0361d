import type { AddressBytes } from './addresses.ts';

/** An address as the key of a map: IPv4 as a number, IPv6 as eight characters. It costs less than a text. */
export type AddressKey = number | string;

/** LINKTYPE_ numbers of tcpdump.org, and where their packets begin. */
const linkTypes = { null: 0, ethernet: 1, raw: 101, loop: 108, sll: 113, ipv4: 228, ipv6: 229, sll2: 276 } as const;

const etherTypes = { ipv4: 0x0800, ipv6: 0x86dd } as const;
/** 802.1Q, 802.1ad, and what was used before that. */
const vlanTypes: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
/** VLAN tags that are passed over. */
const mostTags = 4;

/** The key of 4 or 16 bytes. */
export function addressKey(bytes: AddressBytes): AddressKey {
  return keyAt(bytes, 0, bytes.length === 4);
}

/** The bytes of a key. */
export function addressOfKey(key: AddressKey): AddressBytes {
  const bytes = new Uint8Array(typeof key === 'number' ? 4 : 16);
  const view = new DataView(bytes.buffer);
  if (typeof key === 'number') view.setUint32(0, key);
  else for (let at = 0; at < 8; at += 1) view.setUint16(at * 2, key.charCodeAt(at));
  return bytes;
}

/**
 * Source and destination of the IP header of a packet; undefined when there is none, or it is cut off. Pure. The outer
 * one, where packets are in packets.
 * @param linkType a LINKTYPE_ number
 */
export function packetAddresses(
  linkType: number,
  data: Uint8Array,
): readonly [source: AddressKey, destination: AddressKey] | undefined {
  switch (linkType) {
    case linkTypes.ethernet:
      return behindEtherType(data, 12);
    case linkTypes.sll:
      return behindEtherType(data, 14);
    case linkTypes.sll2:
      return ofEtherType(shortAt(data, 0), data, 20);
    case linkTypes.raw:
    case linkTypes.ipv4:
    case linkTypes.ipv6:
      return ofVersion(data, 0);
    case linkTypes.null:
    case linkTypes.loop:
      return ofVersion(data, 4);
    default:
      return undefined;
  }
}

function behindEtherType(data: Uint8Array, start: number): ReturnType<typeof packetAddresses> {
  let at = start;
  for (let tags = 0; tags < mostTags && vlanTypes.has(shortAt(data, at)); tags += 1) at += 4;
  return ofEtherType(shortAt(data, at), data, at + 2);
}

function ofEtherType(type: number, data: Uint8Array, at: number): ReturnType<typeof packetAddresses> {
  return type === etherTypes.ipv4 || type === etherTypes.ipv6 ? ofVersion(data, at) : undefined;
}

function ofVersion(data: Uint8Array, at: number): ReturnType<typeof packetAddresses> {
  const version = (data[at] ?? 0) >> 4;
  if (version === 4 && data.length >= at + 20) return [keyAt(data, at + 12, true), keyAt(data, at + 16, true)];
  if (version === 6 && data.length >= at + 40) return [keyAt(data, at + 8, false), keyAt(data, at + 24, false)];
  return undefined;
}

function keyAt(bytes: Uint8Array, at: number, isIpv4: boolean): AddressKey {
  if (isIpv4) return shortAt(bytes, at) * 0x1_0000 + shortAt(bytes, at + 2);
  return String.fromCharCode(
    shortAt(bytes, at),
    shortAt(bytes, at + 2),
    shortAt(bytes, at + 4),
    shortAt(bytes, at + 6),
    shortAt(bytes, at + 8),
    shortAt(bytes, at + 10),
    shortAt(bytes, at + 12),
    shortAt(bytes, at + 14),
  );
}

function shortAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
