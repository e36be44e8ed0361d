import type { IncomingMessage } from 'node:http';
import { makeCrowd } from './crowd.ts';
import type { Limits } from './limits.ts';

export type Body =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  /** It is larger than what is parsed; these are its first bytes, and the rest came too. */
  | { readonly kind: 'beginning'; readonly bytes: Buffer }
  /** 408: it did not come in time; 413: it is too large; 503: there was no room for it beside the others. */
  | { readonly kind: 'refused'; readonly status: 408 | 413 | 503 }
  /** The client has gone. */
  | { readonly kind: 'gone' };

/**
 * Reads a request's body.
 * @param address where it comes from
 * @param done is called once
 */
export type ReadBody = (request: IncomingMessage, address: string, done: (body: Body) => void) => void;

/** Kept of a body that is too large. */
const beginningBytes = 64 * 1024;

/**
 * A body that came in several pieces has room for as much again, but for its length if it said it, and at least this.
 */
const leastRoom = 8 * 1024;

/** Read of one body before it is another's turn; most bodies are shorter. */
const turnBytes = 64 * 1024;

/** Larger bodies that are read in one turn of the event loop. */
const bodiesPerTurn = 8;

interface Reading {
  readonly request: IncomingMessage;
  readonly address: string;
  readonly since: number;
  /** At most, of the length that the client said. */
  readonly expected: number;
  readonly finish: (body: Body) => void;
  /** How much has come, and how much of it in this turn. */
  bytes: number;
  turn: number;
  /** What is kept of it, in the first `kept` bytes. */
  room: Buffer;
  kept: number;
  /** What it is read for: for all of it, for its beginning, or only to its end, to be refused then. */
  state: 'whole' | 'beginning' | 413 | 503;
}

const nothing = Buffer.alloc(0);

/**
 * Bodies share one budget. What goes beyond it costs the largest body of the address that has the most: a client that
 * sends much, or holds much back, takes the room of its own bodies and not that of others. A body that lost its room is
 * read to its end all the same, since a client that still writes hears no answer. Larger bodies take turns, so that
 * small ones need not wait until all that others send is read.
 * @param garbage is told what larger bodies leave behind
 */
export function bodyReader(
  { bodyBytes, parsedBytes, bodiesBytes, bodyMs }: Pick<Limits, 'bodyBytes' | 'parsedBytes' | 'bodiesBytes' | 'bodyMs'>,
  garbage: (bytes: number) => void,
): ReadBody {
  // In the order of their beginning.
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
      // The usual body is one piece.
      setRoom(reading, chunk, needed);
    } else {
      const larger =
        needed <= room.length
          ? room
          : Buffer.allocUnsafeSlow(Math.max(needed, Math.min(expected, Math.max(2 * needed, leastRoom))));
      if (larger !== room) room.copy(larger, 0, 0, kept);
      chunk.copy(larger, kept);
      setRoom(reading, larger, needed);
    }
    while (budget.held > bodiesBytes) {
      drop(greediest(readings), 503);
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
  // Never too many: there is a bound for connections.
  const paused = makeCrowd<Reading>(Infinity, () => {});
  let turn: NodeJS.Immediate | undefined;
  const goOn = (): void => {
    turn = undefined;
    for (let count = 0; count < bodiesPerTurn; count += 1) {
      const next = paused.take();
      if (next === undefined) return;
      next.turn = 0;
      next.request.resume();
    }
    turn ??= setImmediate(goOn);
  };
  const takeTurns = (reading: Reading, bytes: number): void => {
    reading.turn += bytes;
    if (reading.turn < turnBytes || !readings.has(reading)) return;
    reading.request.pause();
    paused.add(reading);
    turn ??= setImmediate(goOn);
  };
  const giveUpLate = (): void => {
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
        // What still comes is not kept.
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
    // One timer looks after all of them: one for each would cost more than to read it.
    watch ??= setInterval(giveUpLate, Math.max(10, bodyMs / 20)).unref();
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

/** Of the address whose bodies have the most room, the body that has the most. */
function greediest(readings: ReadonlySet<Reading>): Reading {
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
