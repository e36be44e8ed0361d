import { createDns, dnsBytes, dnsGap, dnsPort, type DnsEvents, type DnsState } from './dns.ts';
import type { HeldBytes } from './heldBytes.ts';
import {
  createHttp,
  httpBytes,
  httpGap,
  isHttp,
  leaveHttp,
  type HttpEvents,
  type HttpFacts,
  type HttpState,
} from './http.ts';
import type { OpenQueries } from './openQueries.ts';
import { createTls, isTls, leaveTls, tlsBytes, tlsGap, type TlsEvents, type TlsFacts, type TlsState } from './tls.ts';

/** What is said over a TCP connection: its bytes in order, and who reads them. */
export interface Application {
  reader: TlsState | HttpState | DnsState | undefined;
  /** Segments that were not understood: after some the rest is not looked at. */
  misses: number;
  tls: TlsFacts | undefined;
  http: HttpFacts | undefined;
  readonly low: Progress;
  readonly high: Progress;
}

/** How far one direction has been read. */
interface Progress {
  /** The next sequence number. */
  next: number;
  known: boolean;
}

/** Whoever counts. */
export interface ApplicationEvents {
  /** Room for messages that are not whole. */
  readonly held: HeldBytes;
  /** Queries of DNS without a response. */
  readonly open: OpenQueries;
  readonly dns: DnsEvents;
  readonly http: HttpEvents;
  readonly tls: TlsEvents;
  /** The end that sends this is the client. */
  client(fromLow: boolean): void;
}

/** Data of a TCP segment. */
export interface SegmentData {
  fromLow: boolean;
  /** Of its first byte, as a signed number of 32 bits. */
  sequence: number;
  bytes: Uint8Array;
  start: number;
  /** Where the captured part ends. */
  end: number;
  /** Bytes on the wire. */
  length: number;
  /** Nanoseconds. */
  time: number;
}

const mostMisses = 8;
/** What is further away is no gap, but another place. */
const furthest = 2 ** 30;

/** What is said over a new connection between these ports. */
export function createApplication(
  { low, high }: { readonly low: { readonly port: number }; readonly high: { readonly port: number } },
  events: ApplicationEvents,
): Application {
  const isDns = low.port === dnsPort || high.port === dnsPort;
  return {
    reader: isDns ? createDns(events.open) : undefined,
    misses: 0,
    tls: undefined,
    http: undefined,
    low: { next: 0, known: false },
    high: { next: 0, known: false },
  };
}

/** A SYN says where the data begins. */
export function beginData(application: Application, fromLow: boolean, sequence: number): void {
  const progress = fromLow ? application.low : application.high;
  progress.next = (sequence + 1) | 0;
  progress.known = true;
}

/** Whether anybody wants to see more of this connection. */
export function isWatched({ reader, misses }: Application): boolean {
  return reader !== undefined || misses < mostMisses;
}

/**
 * Reads the data of a segment as far as it is new. What comes twice is left out; what is missing, because it was lost
 * or overtaken, is a gap.
 */
export function readData(application: Application, data: SegmentData, events: ApplicationEvents): void {
  const { fromLow, sequence, bytes, start, end, length, time } = data;
  const progress = fromLow ? application.low : application.high;
  const ahead = progress.known ? (sequence - progress.next) | 0 : 0;
  const known = Math.max(0, -ahead);
  if (known >= length && known < furthest) return;
  progress.known = true;
  progress.next = (sequence + length) | 0;
  if (ahead > 0 || known >= furthest) skip(application, fromLow, known > 0 ? furthest : ahead, time, events);
  const from = known >= furthest ? start : start + known;
  if (from < end) read(application, fromLow, bytes, from, end, time, events);
  const cut = start + length - Math.max(from, end);
  if (cut > 0) skip(application, fromLow, cut, time, events);
}

function read(
  application: Application,
  fromLow: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
  time: number,
  events: ApplicationEvents,
): void {
  const reader = (application.reader ??= readerOf(application, fromLow, bytes, start, end, events));
  if (reader === undefined) return;
  if (reader.kind === 'tls') {
    tlsBytes(reader, fromLow, bytes, start, end, events.tls);
    if (reader.low.over && reader.high.over) leave(application);
  } else if (reader.kind === 'http') {
    httpBytes(reader, fromLow, bytes, start, end, time, events.http);
    // Behind CONNECT there may be TLS.
    if (reader.over) {
      leaveHttp(reader);
      application.reader = undefined;
    }
  } else {
    dnsBytes(reader, fromLow, bytes, start, end, time, events.dns);
  }
}

/** Looks at nothing more of this connection, and gives back what is held of messages that did not become whole. */
export function leave(application: Application): void {
  const { reader } = application;
  if (reader?.kind === 'http') leaveHttp(reader);
  else if (reader?.kind === 'tls') leaveTls(reader);
  application.reader = undefined;
  application.misses = mostMisses;
}

function readerOf(
  application: Application,
  fromLow: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
  events: ApplicationEvents,
): TlsState | HttpState | undefined {
  if (isTls(bytes, start, end)) {
    const tls = createTls(events.held);
    application.tls ??= tls.facts;
    // 22: handshake, with a ClientHello.
    if (bytes[start] === 22 && bytes[start + 5] === 1) events.client(fromLow);
    return tls;
  }
  if (isHttp(bytes, start, end)) {
    const http = createHttp(events.held);
    application.http ??= http.facts;
    // A response begins with `HTTP/`, and no method with these two letters.
    events.client(bytes[start] === 0x48 && bytes[start + 1] === 0x54 ? !fromLow : fromLow);
    return http;
  }
  application.misses += 1;
  return undefined;
}

function skip(
  { reader }: Application,
  fromLow: boolean,
  length: number,
  time: number,
  events: ApplicationEvents,
): void {
  if (reader === undefined) return;
  if (reader.kind === 'tls') tlsGap(reader, fromLow, length, events.tls);
  else if (reader.kind === 'http') httpGap(reader, fromLow, length, time);
  else dnsGap(reader, fromLow, length, time, events.dns);
}
