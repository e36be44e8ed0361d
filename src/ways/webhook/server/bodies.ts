import type { IncomingMessage } from 'node:http';
import { makeFairQueue } from './fairQueue.ts';
import type { Limits } from './limits.ts';

/** How the reception of a body ended. */
export type Body =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  /** The first bytes of a body that is too large to be parsed; the rest has arrived and was not kept. */
  | { readonly kind: 'beginning'; readonly bytes: Buffer }
  /** 408: it did not arrive in time; 413: it is too large; 503: all bodies together were too large. */
  | { readonly kind: 'refused'; readonly status: 408 | 413 | 503 }
  /** The client has gone. */
  | { readonly kind: 'gone' };

/**
 * Reads a request's body.
 * @param address the client's address
 * @param done is called once
 */
export type ReadBody = (request: IncomingMessage, address: string, done: (body: Body) => void) => void;

/** How much is kept of a body that is too large to be parsed. */
const beginningBytes = 64 * 1024;

/** The smallest buffer for a body that arrives in several chunks. */
const leastRoom = 8 * 1024;

/** How much of one body is read before the next body has its turn; most bodies are shorter. */
const turnBytes = 64 * 1024;

/** How many of the larger bodies are read in one turn of the event loop. */
const bodiesPerTurn = 8;

interface Reading {
  readonly request: IncomingMessage;
  readonly address: string;
  readonly since: number;
  /** The length that the client declared, or the most that is parsed. */
  readonly expected: number;
  readonly finish: (body: Body) => void;
  /** How many bytes have arrived, and how many of them in this turn. */
  bytes: number;
  turn: number;
  /** The buffer; its first `kept` bytes are the body so far. */
  room: Buffer;
  kept: number;
  /**
   * Whether all of it is kept, or its beginning, or nothing: then it is read to its end and refused with this status.
   */
  state: 'whole' | 'beginning' | 413 | 503;
}

const nothing = Buffer.alloc(0);

/**
 * Makes a reader of bodies that share one budget of memory. Over the budget, the largest body of the address with the
 * most bytes is dropped: a client that sends much, or sends slowly, loses its own bodies and not those of others. A
 * dropped body is still read to its end, because a client that is sending does not read an answer. Larger bodies take
 * turns, so that small ones do not have to wait until everything that others send is read.
 * @param garbage is called with the size of a larger body when it is no longer used
 */
export function bodyReader(
  { bodyBytes, parsedBytes, bodiesBytes, bodyMs }: Pick<Limits, 'bodyBytes' | 'parsedBytes' | 'bodiesBytes' | 'bodyMs'>,
  garbage: (bytes: number) => void,
): ReadBody {
  // In the order of their start.
  const readings = new Set<Reading>();
  const budget = { held: 0 };
  let watch: NodeJS.Timeout | undefined;

  const setRoom = (reading: Reading, room: Buffer, kept: number): void => {
    budget.held += room.length - reading.room.length;
    reading.room = room;
    reading.kept = kept;
  };
  const drop = (reading: Reading, status: 413 | 503): void => {
    reading.state = status;
    setRoom(reading, nothing, 0);
  };
  const keep = (reading: Reading, chunk: Buffer): void => {
    const { room, kept, expected } = reading;
    const needed = kept + chunk.length;
    if (kept === 0) {
      // Most bodies arrive in one chunk.
      setRoom(reading, chunk, needed);
    } else {
      // A full buffer is replaced by one of twice the size, but not above the expected length.
      const larger =
        needed <= room.length
          ? room
          : Buffer.allocUnsafeSlow(Math.max(needed, Math.min(expected, Math.max(2 * needed, leastRoom))));
      if (larger !== room) room.copy(larger, 0, 0, kept);
      chunk.copy(larger, kept);
      setRoom(reading, larger, needed);
    }
    while (budget.held > bodiesBytes) {
      drop(largestOfLargestAddress(readings), 503);
    }
  };
  const take = (reading: Reading, chunk: Buffer): void => {
    reading.bytes += chunk.length;
    if (reading.bytes > 4 * bodyBytes) return reading.finish({ kind: 'refused', status: 413 });
    if (reading.bytes > bodyBytes) {
      drop(reading, 413);
    } else if (reading.state === 'whole' && reading.bytes > parsedBytes) {
      reading.state = 'beginning';
      const kept = Math.min(reading.kept, beginningBytes);
      setRoom(reading, Buffer.from(reading.room.subarray(0, kept)), kept);
    }
    if (reading.state === 'whole') keep(reading, chunk);
    else if (reading.state === 'beginning' && reading.kept < beginningBytes)
      keep(reading, chunk.subarray(0, beginningBytes - reading.kept));
  };
  // Without a bound: there are never more than connections, which are limited.
  const paused = makeFairQueue<Reading>(Infinity, () => {});
  let turn: NodeJS.Immediate | undefined;
  const resumeNext = (): void => {
    turn = undefined;
    for (let count = 0; count < bodiesPerTurn; count += 1) {
      const next = paused.take();
      if (next === undefined) return;
      next.turn = 0;
      next.request.resume();
    }
    turn ??= setImmediate(resumeNext);
  };
  const takeTurns = (reading: Reading, bytes: number): void => {
    reading.turn += bytes;
    if (reading.turn < turnBytes || !readings.has(reading)) return;
    reading.request.pause();
    paused.add(reading);
    turn ??= setImmediate(resumeNext);
  };
  const refuseLate = (): void => {
    const before = performance.now() - bodyMs;
    for (const { since, finish } of readings) {
      if (since > before) return;
      finish({ kind: 'refused', status: 408 });
    }
  };

  return (request, address, done) => {
    const finish = (body: Body): void => {
      if (!readings.delete(reading)) return;
      setRoom(reading, nothing, 0);
      if (reading.bytes >= turnBytes) {
        garbage(reading.bytes);
        // The rest is read and not kept.
        if (paused.delete(reading)) request.resume();
      }
      done(body);
    };
    const length = Number(request.headers['content-length'] ?? 0);
    const state = length > bodyBytes ? 413 : length > parsedBytes ? 'beginning' : 'whole';
    const expected = state === 'whole' && length > 0 ? length : parsedBytes;
    const reading: Reading = {
      request,
      address,
      since: performance.now(),
      expected,
      finish,
      bytes: 0,
      turn: 0,
      room: nothing,
      kept: 0,
      state,
    };
    readings.add(reading);
    // One timer for all bodies: a timer for each would cost more than reading the body.
    watch ??= setInterval(refuseLate, Math.max(10, bodyMs / 20)).unref();
    request.on('data', (chunk: Buffer) => {
      if (!readings.has(reading)) return;
      take(reading, chunk);
      takeTurns(reading, chunk.length);
    });
    request.on('end', () => {
      const { state: kind, room, kept } = reading;
      finish(typeof kind === 'number' ? { kind: 'refused', status: kind } : { kind, bytes: room.subarray(0, kept) });
    });
    const gone = (): void => finish({ kind: 'gone' });
    request.on('error', gone);
    request.on('close', gone);
  };
}

/** The largest body of the address whose bodies have the most bytes together. */
function largestOfLargestAddress(readings: ReadonlySet<Reading>): Reading {
  const byAddress = new Map<string, { bytes: number; largest: Reading }>();
  for (const reading of readings) {
    const { address, room } = reading;
    const { bytes, largest } = byAddress.get(address) ?? { bytes: 0, largest: reading };
    byAddress.set(address, {
      bytes: bytes + room.length,
      largest: room.length > largest.room.length ? reading : largest,
    });
  }
  return [...byAddress.values()].reduce((most, other) => (other.bytes > most.bytes ? other : most)).largest;
}
