import { number16, octet } from './octets.ts';

/** IP protocol numbers (IANA, protocol numbers). */
export const protocols = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;

/**
 * Where things are in the packet that was decoded last. There is one for all packets: to make an object for each would
 * cost more than to decode it.
 */
export interface Frame {
  bytes: Uint8Array;
  /** Where the captured part of the packet ends. */
  limit: number;
  /** Of IP; 0 for a packet without it. */
  version: 0 | 4 | 6;
  /** Where the addresses begin: 4 or 16 bytes each. */
  source: number;
  destination: number;
  /** Of IP, behind its extension headers. */
  protocol: number;
  /** Where the content of the IP packet begins. */
  payload: number;
  /** Bytes of the content on the wire. */
  length: number;
  /** Where the captured part of the content ends: a cut packet has fewer bytes than `length` says. */
  end: number;
  /** The first of several fragments: how long the whole is, it does not say. */
  firstFragment: boolean;
  /** A fragment behind the first one, which has no ports. */
  laterFragment: boolean;
}

/** An empty frame. One is enough: each packet is read into it. */
export function createFrame(): Frame {
  return {
    bytes: new Uint8Array(0),
    limit: 0,
    version: 0,
    source: 0,
    destination: 0,
    protocol: 0,
    payload: 0,
    length: 0,
    end: 0,
    firstFragment: false,
    laterFragment: false,
  };
}

/** LINKTYPE_ numbers of tcpdump.org. */
const linkTypes = {
  null: 0,
  ethernet: 1,
  rawBsd: 12,
  rawOpenBsd: 14,
  raw: 101,
  loop: 108,
  cooked: 113,
  ip4: 228,
  ip6: 229,
  cooked2: 276,
} as const;

const etherTypes = { ip4: 0x0800, ip6: 0x86dd } as const;

/** IEEE 802.1Q, 802.1ad, and what was used before it. */
function isTag(etherType: number): boolean {
  return etherType === 0x8100 || etherType === 0x88a8 || etherType === 0x9100;
}

/**
 * Decodes a packet as far as its content: link, VLAN tags, IP with its extension headers.
 * @param start where the captured bytes begin @param end where they end
 * @param originalLength bytes on the wire
 * @returns false for a link type that is not known here
 */
export function decodeFrame(
  frame: Frame,
  linkType: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  originalLength: number,
): boolean {
  frame.bytes = bytes;
  frame.limit = end;
  frame.version = 0;
  const wireEnd = start + originalLength;
  switch (linkType) {
    case linkTypes.ethernet:
      decodeTyped(frame, start + 12, start + 14, wireEnd);
      return true;
    case linkTypes.cooked:
      decodeTyped(frame, start + 14, start + 16, wireEnd);
      return true;
    case linkTypes.cooked2:
      decodeTyped(frame, start, start + 20, wireEnd);
      return true;
    // The family before the packet is a number of the system that captured; the packet itself says as much.
    case linkTypes.null:
    case linkTypes.loop:
      decodeIp(frame, start + 4, wireEnd);
      return true;
    case linkTypes.raw:
    case linkTypes.rawBsd:
    case linkTypes.rawOpenBsd:
    case linkTypes.ip4:
    case linkTypes.ip6:
      decodeIp(frame, start, wireEnd);
      return true;
    default:
      return false;
  }
}

/**
 * @param typeAt where the EtherType is
 * @param at where the link's header ends
 * @param wireEnd where the packet would end if nothing were cut
 */
function decodeTyped(frame: Frame, typeAt: number, at: number, wireEnd: number): void {
  const { bytes, limit } = frame;
  if (at > limit) return;
  let type = number16(bytes, typeAt);
  let start = at;
  while (isTag(type) && start + 4 <= limit) {
    type = number16(bytes, start + 2);
    start += 4;
  }
  if (type === etherTypes.ip4 || type === etherTypes.ip6) decodeIp(frame, start, wireEnd);
}

function decodeIp(frame: Frame, at: number, wireEnd: number): void {
  if (at >= frame.limit) return;
  const version = octet(frame.bytes, at) >> 4;
  if (version === 4) decodeIp4(frame, at, wireEnd - at);
  else if (version === 6) decodeIp6(frame, at, wireEnd - at);
}

/** @param onWire bytes from `at` on */
function decodeIp4(frame: Frame, at: number, onWire: number): void {
  const { bytes, limit } = frame;
  const header = (octet(bytes, at) & 0x0f) * 4;
  if (header < 20 || limit < at + 20) return;
  const claimed = number16(bytes, at + 2);
  // 0: the network card will cut it into segments.
  const total = claimed === 0 ? onWire : Math.min(claimed, onWire);
  frame.version = 4;
  frame.source = at + 12;
  frame.destination = at + 16;
  frame.protocol = octet(bytes, at + 9);
  setFragment(frame, number16(bytes, at + 6) & 0x1fff, (octet(bytes, at + 6) & 0x20) !== 0);
  setContent(frame, at + header, total - header);
}

/** Extension headers with a length in units of eight bytes, their first eight not counted (RFC 8200; IANA). */
function isExtension(header: number): boolean {
  return header === 0 || header === 43 || header === 60 || header === 135 || header === 139 || header === 140;
}

const fragmentHeader = 44;
const authenticationHeader = 51;

function decodeIp6(frame: Frame, at: number, onWire: number): void {
  const { bytes, limit } = frame;
  if (limit < at + 40) return;
  const claimed = number16(bytes, at + 4) + 40;
  const total = claimed === 40 ? onWire : Math.min(claimed, onWire);
  frame.version = 6;
  frame.source = at + 8;
  frame.destination = at + 24;
  setFragment(frame, 0, false);
  let next = octet(bytes, at + 6);
  let start = at + 40;
  while (start + 8 <= limit) {
    if (isExtension(next)) {
      next = octet(bytes, start);
      start += octet(bytes, start + 1) * 8 + 8;
    } else if (next === authenticationHeader) {
      next = octet(bytes, start);
      start += octet(bytes, start + 1) * 4 + 8;
    } else if (next === fragmentHeader) {
      next = octet(bytes, start);
      setFragment(frame, number16(bytes, start + 2) >> 3, (octet(bytes, start + 3) & 1) !== 0);
      start += 8;
      if (frame.laterFragment) break;
    } else {
      break;
    }
  }
  frame.protocol = next;
  setContent(frame, start, at + total - start);
}

function setFragment(frame: Frame, offset: number, more: boolean): void {
  frame.laterFragment = offset !== 0;
  frame.firstFragment = offset === 0 && more;
}

function setContent(frame: Frame, start: number, length: number): void {
  frame.payload = start;
  frame.length = Math.max(0, length);
  frame.end = Math.max(start, Math.min(frame.limit, start + frame.length));
}
