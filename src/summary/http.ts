import type { HeldBytes } from './heldBytes.ts';
import { octet, octetText } from './octets.ts';

/** What is counted of HTTP/1 in one connection. */
export interface HttpFacts {
  requests: number;
  responses: number;
  /** By class: index 2 is 2xx. */
  readonly classes: number[];
}

/** One direction: a sequence of heads and bodies. */
interface HttpSide {
  state: 'head' | 'body' | 'chunkSize' | 'chunkData' | 'trailer' | 'untilClose' | 'lost';
  /** Bytes of the head so far. */
  have: number;
  /** Line breaks one after the other, carriage returns not counted. */
  breaks: number;
  /** Bytes of the body, or of the chunk, that are still to come. */
  left: number;
  /** Hexadecimal digits of the size of a chunk; -1 behind them. */
  digits: number;
  /** What it sends. */
  sends: 'requests' | 'responses' | undefined;
}

/** What its response depends on. No text: one that was cut out of a head would keep the whole head in memory. */
interface Request {
  readonly kind: 'HEAD' | 'CONNECT' | 'other';
  /** When its last byte came; undefined before. */
  end: number | undefined;
}

/** What is known of one HTTP/1 conversation. */
export interface HttpState {
  readonly kind: 'http';
  readonly held: HeldBytes;
  readonly facts: HttpFacts;
  readonly low: HttpSide;
  readonly high: HttpSide;
  /** Requests without a response. */
  waiting: Request[];
  /** What follows is another protocol: behind CONNECT or an upgrade. */
  over: boolean;
}

/** Callbacks for the heads of requests and responses. */
export interface HttpEvents {
  request(method: string): void;
  response(status: number): void;
  /** Nanoseconds from the end of a request to the end of the response's head. */
  time(nanoseconds: number): void;
}

const methods = ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS', 'CONNECT', 'TRACE'] as const;
const longestHead = 65_536;
/** Requests of a connection that wait for their responses. */
const mostWaiting = 32;
const largestChunk = 2 ** 40;

/** A connection. @param held has room for heads that are not whole */
export function createHttp(held: HeldBytes): HttpState {
  return {
    kind: 'http',
    held,
    facts: { requests: 0, responses: 0, classes: [0, 0, 0, 0, 0, 0] },
    low: createSide(),
    high: createSide(),
    waiting: [],
    over: false,
  };
}

function createSide(): HttpSide {
  return { state: 'head', have: 0, breaks: 0, left: 0, digits: 0, sends: undefined };
}

/** Whether a request or a response of HTTP/1 begins there. */
export function isHttp(bytes: Uint8Array, at: number, end: number): boolean {
  // The first letters are enough to leave most others alone.
  const first = octet(bytes, at);
  if (first < 0x43 || first > 0x54) return false;
  const text = octetText(bytes, at, Math.min(end, at + 9));
  return text.startsWith('HTTP/1.') || methods.some((method) => text.startsWith(`${method} `));
}

/** The next bytes of one direction. @param time nanoseconds */
export function httpBytes(
  state: HttpState,
  fromLow: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
  time: number,
  events: HttpEvents,
): void {
  const side = fromLow ? state.low : state.high;
  // Behind a gap, only the beginning of a segment may be that of a message.
  if (side.state === 'lost' && isHttp(bytes, start, end)) restart(state, side);
  let at = start;
  while (at < end && !state.over) {
    switch (side.state) {
      case 'head':
        at = takeHead(state, side, bytes, at, end, time, events);
        break;
      case 'body':
      case 'chunkData': {
        const taken = Math.min(side.left, end - at);
        at += taken;
        pass(state, side, taken, time);
        break;
      }
      case 'chunkSize':
        takeChunkSize(state, side, octet(bytes, at));
        at += 1;
        break;
      case 'trailer':
        takeTrailer(state, side, octet(bytes, at), time);
        at += 1;
        break;
      case 'untilClose':
      case 'lost':
        return;
    }
  }
}

/** Bytes of one direction that were not captured: those of a body need not be. */
export function httpGap(state: HttpState, fromLow: boolean, length: number, time: number): void {
  const side = fromLow ? state.low : state.high;
  if (side.state === 'untilClose') return;
  const inBody = side.state === 'body' || side.state === 'chunkData';
  if (inBody && length <= side.left) pass(state, side, length, time);
  else lose(state, side);
}

/** Gives back the room for heads that will not become whole. */
export function leaveHttp(state: HttpState): void {
  for (const side of [state.low, state.high]) if (side.have > 0) state.held.drop(side);
}

function restart({ held }: HttpState, side: HttpSide): void {
  side.state = 'head';
  side.breaks = 0;
  if (side.have > 0) held.drop(side);
}

function lose({ held }: HttpState, side: HttpSide): void {
  side.state = 'lost';
  if (side.have > 0) held.drop(side);
}

/** Bytes of a body have gone by. */
function pass(state: HttpState, side: HttpSide, length: number, time: number): void {
  side.left -= length;
  if (side.left > 0) return;
  if (side.state === 'body') endMessage(state, side, time);
  else {
    side.state = 'chunkSize';
    side.digits = 0;
  }
}

function endMessage(state: HttpState, side: HttpSide, time: number): void {
  if (side.sends === 'requests') {
    const last = state.waiting.at(-1);
    if (last !== undefined) last.end = time;
  }
  restart(state, side);
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** The end of the head, or of these bytes. */
function takeHead(
  state: HttpState,
  side: HttpSide,
  bytes: Uint8Array,
  start: number,
  end: number,
  time: number,
  events: HttpEvents,
): number {
  let at = start;
  // An empty line before a message is left out (RFC 9112, 2.2).
  if (side.have === 0) while (at < end && isBreak(octet(bytes, at))) at += 1;
  const begin = at;
  while (at < end && side.breaks < 2) {
    const value = octet(bytes, at);
    if (value === lineFeed) side.breaks += 1;
    else if (value !== carriageReturn) side.breaks = 0;
    at += 1;
  }
  if (side.have + at - begin > longestHead) {
    lose(state, side);
    return end;
  }
  const isWhole = side.breaks === 2;
  if (isWhole && side.have === 0) {
    readHead(state, side, octetText(bytes, begin, at), time, events);
    return at;
  }
  const head = state.held.add(side, bytes, begin, at);
  if (head === undefined) {
    lose(state, side);
    return end;
  }
  if (isWhole) readHead(state, side, octetText(head, 0, head.length), time, events);
  return at;
}

function isBreak(value: number): boolean {
  return value === lineFeed || value === carriageReturn;
}

const requestLine = /^([A-Z]+) \S.* HTTP\/1\.\d\r?\n/;
const statusLine = /^HTTP\/1\.\d (\d{3})(?: .*)?\r?\n/;

function readHead(state: HttpState, side: HttpSide, head: string, time: number, events: HttpEvents): void {
  restart(state, side);
  const status = statusLine.exec(head)?.[1];
  if (status !== undefined) readResponse(state, side, head, Number(status), time, events);
  else {
    const method = requestLine.exec(head)?.[1];
    if (method === undefined) lose(state, side);
    else readRequest(state, side, head, method, time, events);
  }
}

function readRequest(
  state: HttpState,
  side: HttpSide,
  head: string,
  method: string,
  time: number,
  events: HttpEvents,
): void {
  side.sends = 'requests';
  state.facts.requests += 1;
  events.request(method);
  if (state.waiting.length >= mostWaiting) state.waiting = [];
  state.waiting.push({ kind: method === 'HEAD' || method === 'CONNECT' ? method : 'other', end: undefined });
  beginBody(state, side, head, false, time);
}

function readResponse(
  state: HttpState,
  side: HttpSide,
  head: string,
  status: number,
  time: number,
  events: HttpEvents,
): void {
  side.sends = 'responses';
  const { facts } = state;
  facts.responses += 1;
  const group = Math.floor(status / 100);
  if (group < facts.classes.length) facts.classes[group] = (facts.classes[group] ?? 0) + 1;
  events.response(status);
  // Others follow to the same request (RFC 9110, 15.2).
  if (group === 1 && status !== 101) return;
  const request = state.waiting.shift();
  if (request?.end !== undefined) events.time(time - request.end);
  if (status === 101 || (request?.kind === 'CONNECT' && group === 2)) {
    state.over = true;
    return;
  }
  const isEmpty = request?.kind === 'HEAD' || status === 204 || status === 304;
  if (isEmpty) restart(state, side);
  else beginBody(state, side, head, true, time);
}

/** How the length of a body is found: RFC 9112, 6.3. */
function beginBody(state: HttpState, side: HttpSide, head: string, untilClose: boolean, time: number): void {
  if (/\r?\ntransfer-encoding:[^\n]*chunked/i.test(head)) {
    side.state = 'chunkSize';
    side.digits = 0;
    side.left = 0;
    return;
  }
  const length = /\r?\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r?\n/i.exec(head)?.[1];
  if (length === undefined && untilClose) {
    side.state = 'untilClose';
  } else if (length === undefined || Number(length) === 0) {
    endMessage(state, side, time);
  } else {
    side.state = 'body';
    side.left = Number(length);
  }
}

function takeChunkSize(state: HttpState, side: HttpSide, value: number): void {
  if (value === lineFeed) {
    if (side.left === 0) {
      side.state = 'trailer';
      side.breaks = 1;
    } else {
      side.state = 'chunkData';
      // The line break behind the chunk.
      side.left += 2;
    }
    return;
  }
  const digit = side.digits === -1 ? Number.NaN : Number.parseInt(String.fromCharCode(value), 16);
  if (Number.isNaN(digit)) {
    // An extension, or the carriage return.
    if (side.digits === 0) lose(state, side);
    side.digits = -1;
    return;
  }
  side.left = side.digits === 0 ? digit : side.left * 16 + digit;
  side.digits += 1;
  if (side.left > largestChunk) lose(state, side);
}

function takeTrailer(state: HttpState, side: HttpSide, value: number, time: number): void {
  if (value === lineFeed) side.breaks += 1;
  else if (value !== carriageReturn) side.breaks = 0;
  if (side.breaks >= 2) endMessage(state, side, time);
}
