import type { HeldBytes } from './heldBytes.ts';
import { number16, number24, octet, octetText } from './octets.ts';

/** What a TLS connection says before it is encrypted. */
export interface TlsFacts {
  /** The name that the client asked for (SNI). */
  serverName: string | undefined;
  /** The version that the server chose, as on the wire: 0x0304 is TLS 1.3. */
  version: number | undefined;
  /** As `description` of {@link alertName}, in order. */
  readonly alerts: number[];
}

/** One direction. */
interface TlsSide {
  readonly header: Uint8Array;
  have: number;
  type: number;
  length: number;
  /** Bytes of the record that are still to come. */
  left: number;
  readonly hello: { have: number };
  helloRead: boolean;
  alert: number;
  /** All that follows is encrypted, or not understood. */
  over: boolean;
}

/** What is known of one TLS connection. */
export interface TlsState {
  readonly kind: 'tls';
  readonly held: HeldBytes;
  readonly facts: TlsFacts;
  readonly low: TlsSide;
  readonly high: TlsSide;
}

/** Callbacks for the parts of a handshake, and for alerts that are not encrypted. */
export interface TlsEvents {
  serverName(name: string): void;
  version(version: number): void;
  alert(description: number): void;
}

const contentTypes = { changeCipherSpec: 20, alert: 21, handshake: 22, data: 23 } as const;
const headerLength = 5;
/** RFC 8446, 5.2: of an encrypted record; before TLS 1.3 it might be longer. */
const longestRecord = 16_384 + 2048;
/** Of the first message: a hello with keys of post-quantum algorithms has some 2 KB. */
const longestHello = 16_384;
const mostAlerts = 16;

/** A connection. @param held has room for hellos that are not whole */
export function createTls(held: HeldBytes): TlsState {
  return {
    kind: 'tls',
    held,
    facts: { serverName: undefined, version: undefined, alerts: [] },
    low: createSide(),
    high: createSide(),
  };
}

function createSide(): TlsSide {
  return {
    header: new Uint8Array(headerLength),
    have: 0,
    type: 0,
    length: 0,
    left: 0,
    hello: { have: 0 },
    helloRead: false,
    alert: 0,
    over: false,
  };
}

/** Whether bytes are the beginning of a record. */
export function isTls(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at >= headerLength && isRecord(bytes, at);
}

function isRecord(bytes: Uint8Array, at: number): boolean {
  const type = octet(bytes, at);
  const length = number16(bytes, at + 3);
  return (
    type >= contentTypes.changeCipherSpec &&
    type <= contentTypes.data &&
    octet(bytes, at + 1) === 3 &&
    octet(bytes, at + 2) <= 4 &&
    length > 0 &&
    length <= longestRecord
  );
}

/** The next bytes of one direction. */
export function tlsBytes(
  state: TlsState,
  fromLow: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
  events: TlsEvents,
): void {
  const { facts, low, high } = state;
  const side = fromLow ? low : high;
  let at = start;
  while (at < end && !side.over) {
    if (side.left === 0) {
      side.header[side.have] = octet(bytes, at);
      side.have += 1;
      at += 1;
      if (side.have === headerLength) beginRecord(side);
      continue;
    }
    const taken = Math.min(side.left, end - at);
    if (side.type === contentTypes.alert && side.length === 2) side.alert = octet(bytes, at + taken - 1);
    if (side.type === contentTypes.handshake && !side.helloRead) takeHello(state, side, bytes, at, at + taken, events);
    side.left -= taken;
    at += taken;
    if (side.left === 0 && side.type === contentTypes.alert && side.length === 2) {
      if (facts.alerts.length < mostAlerts) facts.alerts.push(side.alert);
      events.alert(side.alert);
    }
  }
}

/** Bytes of one direction that were not captured. */
export function tlsGap(state: TlsState, fromLow: boolean, length: number, events: TlsEvents): void {
  const side = fromLow ? state.low : state.high;
  if (side.over) return;
  if (!side.helloRead && side.hello.have > 0) {
    const hello = state.held.add(side.hello, nothing, 0, 0);
    readHello(state, side, hello ?? nothing, events);
  }
  if (length <= side.left) side.left -= length;
  else side.over = true;
}

/** Gives back the room for hellos that will not become whole. */
export function leaveTls({ held, low, high }: TlsState): void {
  for (const { hello } of [low, high]) if (hello.have > 0) held.drop(hello);
}

function beginRecord(side: TlsSide): void {
  const { header } = side;
  side.have = 0;
  if (!isRecord(header, 0) || header[0] === contentTypes.data) {
    side.over = true;
    return;
  }
  side.type = octet(header, 0);
  side.length = number16(header, 3);
  side.left = side.length;
}

const nothing = new Uint8Array(0);

function takeHello(
  state: TlsState,
  side: TlsSide,
  bytes: Uint8Array,
  start: number,
  end: number,
  events: TlsEvents,
): void {
  const room = Math.min(end, start + longestHello - side.hello.have);
  const whole = side.hello.have === 0 && isWholeHello(bytes.subarray(start, room));
  const hello = whole ? bytes.subarray(start, room) : state.held.add(side.hello, bytes, start, room);
  if (hello === undefined || hello.length === longestHello || isWholeHello(hello))
    readHello(state, side, hello ?? nothing, events);
}

function isWholeHello(hello: Uint8Array): boolean {
  return hello.length >= 4 && hello.length >= 4 + number24(hello, 1);
}

const messages = { clientHello: 1, serverHello: 2 } as const;
const extensions = { serverName: 0, supportedVersions: 43 } as const;

/** Reads the first message of a direction, also when a part of it is missing. */
function readHello({ facts, held }: TlsState, side: TlsSide, hello: Uint8Array, events: TlsEvents): void {
  side.helloRead = true;
  const message = hello.subarray(0, 4 + number24(hello, 1));
  const type = octet(message, 0);
  if (type === messages.clientHello) readClientHello(message, facts, events);
  else if (type === messages.serverHello) readServerHello(message, facts, events);
  held.drop(side.hello);
}

const tls12 = 0x0303;
/** Type and length of the message, version, random: where the session id begins (RFC 8446, 4.1.2). */
const sessionAt = 38;

function readClientHello(message: Uint8Array, facts: TlsFacts, events: TlsEvents): void {
  let at = sessionAt;
  at += 1 + octet(message, at);
  at += 2 + number16(message, at);
  at += 1 + octet(message, at);
  const name = extensionAt(message, at, extensions.serverName);
  // A list with one name of type 0, host_name (RFC 6066, 3).
  if (name === undefined || octet(message, name + 2) !== 0) return;
  const length = number16(message, name + 3);
  if (length === 0 || name + 5 + length > message.length) return;
  const text = octetText(message, name + 5, name + 5 + length);
  facts.serverName ??= text;
  events.serverName(text);
}

function readServerHello(message: Uint8Array, facts: TlsFacts, events: TlsEvents): void {
  if (message.length < 6) return;
  let at = sessionAt;
  at += 1 + octet(message, at) + 3;
  const selected = extensionAt(message, at, extensions.supportedVersions);
  // TLS 1.3 calls itself 1.2 outside of the extension: without the end of the message, that says nothing.
  if (selected === undefined && number16(message, 4) === tls12 && !isWholeHello(message)) return;
  const version = selected === undefined ? number16(message, 4) : number16(message, selected);
  facts.version ??= version;
  events.version(version);
}

/** Where the content of an extension begins; undefined without it. @param start where their length is */
function extensionAt(message: Uint8Array, start: number, wanted: number): number | undefined {
  let at = start + 2;
  while (at + 4 <= message.length) {
    const length = number16(message, at + 2);
    if (number16(message, at) === wanted) return at + 4 + length > message.length ? undefined : at + 4;
    at += 4 + length;
  }
  return undefined;
}

/** `TLS 1.3` */
export function tlsVersionName(version: number): string {
  const names = new Map([
    [0x0300, 'SSL 3.0'],
    [0x0301, 'TLS 1.0'],
    [0x0302, 'TLS 1.1'],
    [0x0303, 'TLS 1.2'],
    [0x0304, 'TLS 1.3'],
  ]);
  return names.get(version) ?? `0x${version.toString(16).padStart(4, '0')}`;
}

/** Descriptions of alerts (IANA, TLS Alerts). */
const alertNames: Readonly<Record<number, string>> = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  21: 'decryption_failed',
  22: 'record_overflow',
  30: 'decompression_failure',
  40: 'handshake_failure',
  41: 'no_certificate',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  90: 'user_canceled',
  100: 'no_renegotiation',
  109: 'missing_extension',
  110: 'unsupported_extension',
  112: 'unrecognized_name',
  113: 'bad_certificate_status_response',
  115: 'unknown_psk_identity',
  116: 'certificate_required',
  120: 'no_application_protocol',
};

/** The name of an alert as IANA lists it; `alert 255` for one without a name here. */
export function alertName(description: number): string {
  return alertNames[description] ?? `alert ${description}`;
}
