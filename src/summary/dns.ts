import { number16, octet, octetText } from './octets.ts';
import type { OpenQueries } from './openQueries.ts';

/** What is known of a connection over TCP, or of a pair of ports over UDP. */
export interface DnsState {
  readonly kind: 'dns';
  readonly open: OpenQueries;
  /** Its number in `open`. */
  readonly asker: number;
  /** Messages over TCP, whose length is in two bytes before them. */
  low: DnsSide | undefined;
  high: DnsSide | undefined;
}

interface DnsSide {
  readonly message: Uint8Array;
  have: number;
  /** Bytes of the message; -1: its length is not read yet. */
  length: number;
  /** A part of the message is missing; what came before it was read. */
  cut: boolean;
  lost: boolean;
}

/** Whoever counts. */
export interface DnsEvents {
  query(isRepeated: boolean): void;
  /** @param name what was asked for; undefined when that is not in it */
  response(code: number, name: string | undefined): void;
  /** Nanoseconds from a query to its first response, `dns.time` of tshark. */
  time(nanoseconds: number): void;
}

const headerLength = 12;
/** The number and the flags: what comes first. */
const flagsEnd = 4;
/** Of a message over TCP: the question stands at its beginning. */
const keptBytes = 512;
/** Nanoseconds within which the same number is the same query (`dns.retransmission_timer` of Wireshark). */
const repeatsWithin = 5e9;

/** The port of servers (RFC 1035, 4.2). */
export const dnsPort = 53;

/** A connection, or a pair of ports. */
export function createDns(open: OpenQueries): DnsState {
  return { kind: 'dns', open, asker: open.newAsker(), low: undefined, high: undefined };
}

function sideOf(state: DnsState, fromLow: boolean): DnsSide {
  const made = (): DnsSide => ({ message: new Uint8Array(keptBytes), have: 0, length: -1, cut: false, lost: false });
  return fromLow ? (state.low ??= made()) : (state.high ??= made());
}

/** A message, of which the end may be missing. @param time nanoseconds */
export function dnsMessage(
  { open, asker }: DnsState,
  bytes: Uint8Array,
  start: number,
  end: number,
  time: number,
  events: DnsEvents,
): void {
  if (end - start < flagsEnd) return;
  const id = number16(bytes, start);
  const flags = number16(bytes, start + 2);
  const asked = open.timeOf(asker, id);
  if ((flags & 0x8000) === 0) {
    const isRepeated = asked !== undefined && time - asked < repeatsWithin;
    if (!isRepeated) open.add(asker, id, time);
    events.query(isRepeated);
    return;
  }
  const code = flags & 0x0f;
  events.response(code, code === 0 ? undefined : questionName(bytes, start, end));
  if (asked === undefined) return;
  open.remove(asker, id);
  events.time(time - asked);
}

/** The next bytes of one direction over TCP. */
export function dnsBytes(
  state: DnsState,
  fromLow: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
  time: number,
  events: DnsEvents,
): void {
  const side = sideOf(state, fromLow);
  let at = start;
  while (at < end && !side.lost) {
    if (side.have < keptBytes) side.message[side.have] = octet(bytes, at);
    side.have += 1;
    at += 1;
    if (side.length === -1 && side.have === 2) {
      side.length = number16(side.message, 0);
      side.have = 0;
      if (side.length < headerLength) side.lost = true;
    } else if (side.have === side.length) {
      if (!side.cut) dnsMessage(state, side.message, 0, Math.min(side.length, keptBytes), time, events);
      nextMessage(side);
    }
  }
}

/**
 * Bytes over TCP that were not captured. The beginning of a message says what it is; where the next one begins is not
 * known when the length of this one is not, or is less than what is missing.
 */
export function dnsGap(state: DnsState, fromLow: boolean, length: number, time: number, events: DnsEvents): void {
  const side = sideOf(state, fromLow);
  const rest = side.length === -1 ? 0 : side.length - side.have;
  if (side.lost || length > rest) {
    side.lost = true;
    return;
  }
  if (!side.cut) {
    side.cut = true;
    dnsMessage(state, side.message, 0, Math.min(side.have, keptBytes), time, events);
  }
  side.have += length;
  if (side.have === side.length) nextMessage(side);
}

function nextMessage(side: DnsSide): void {
  side.have = 0;
  side.length = -1;
  side.cut = false;
}

/** The name in the question, with dots; undefined when there is none, or not all of it. */
function questionName(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start < headerLength || number16(bytes, start + 4) === 0) return undefined;
  const labels: string[] = [];
  let at = start + headerLength;
  // A name has 255 bytes at most (RFC 1035, 2.3.4), and in a question nothing to point at.
  while (at < end && at - start < headerLength + 255) {
    const length = octet(bytes, at);
    if (length === 0) return labels.length === 0 ? '.' : labels.join('.');
    if (length > 63 || at + 1 + length > end) return undefined;
    labels.push(octetText(bytes, at + 1, at + 1 + length));
    at += 1 + length;
  }
  return undefined;
}

/** Response codes (IANA, DNS RCODEs). */
const codeNames = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'YXDOMAIN', 'YXRRSET', 'NXRRSET'];

/** `NXDOMAIN` */
export function dnsCodeName(code: number): string {
  return codeNames[code] ?? (code === 9 ? 'NOTAUTH' : code === 10 ? 'NOTZONE' : `RCODE${code}`);
}
