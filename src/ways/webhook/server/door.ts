import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { makeCrowd, type Crowd } from './crowd.ts';
import type { Limits } from './limits.ts';

/** A connection, from its first byte on. */
interface Connection {
  readonly socket: Socket;
  readonly address: string;
  readonly since: number;
  /** Once it has keys. */
  tls?: TLSSocket;
  /** Where it is counted. */
  crowd: Crowd<Connection>;
  /** Requests that have no answer yet, or one that the client has not taken. */
  unanswered: number;
  /** Since when that is so. */
  busySince: number;
  /** Bytes that had been read when it last rested. */
  readAtRest: number;
  /** When its place was last renewed. */
  renewed: number;
  /** Since when a head is on its way. */
  headSince: number | undefined;
}

/** Why a connection was closed: others needed its place, or it took too long. */
export type Closed = 'crowded' | 'slow';

/** Who is let in, and for how long. */
export interface Door {
  readonly arrive: (socket: Socket) => void;
  readonly secured: (tls: TLSSocket) => void;
  /**
   * A request has begun.
   * @returns its connection's address, or undefined when that was closed, since it had too many
   */
  readonly begun: (tls: Socket) => string | undefined;
  /** The answer to a request was taken. */
  readonly done: (tls: Socket) => void;
  /** It has had an answer to a review. */
  readonly known: (tls: Socket) => void;
  readonly size: () => number;
}

/** In one turn of the event loop: a handshake takes as long as ten reviews, and others wait meanwhile. */
const handshakesPerTurn = 2;

/**
 * libuv accepts one connection in each turn of the event loop, in the order of their coming. So turns without a
 * handshake come in between while more arrive: whose turn it is can be chosen among those alone who are in.
 */
const arrivalTurns = 16;

/** No API server sends a request before it has the answer to the one before. */
const maxUnanswered = 8;

/** For a client to take its answers. */
const answerMs = 30_000;

const sweepMs = 1000;
const renewMs = 100;

/**
 * Keeps the connections of a server within bounds. When there are too many, the address that has the most loses its
 * oldest, so that clients are let in whatever others do:
 * - who has said nothing yet costs little more than its socket;
 * - handshakes begin when the client's first bytes are there, a few at a time, one address after the other;
 * - who has had an answer to a review (an API server, as a rule) keeps its place whatever others do, who have not.
 * @param enter begins the handshake
 * @param closed is told of connections that it closed
 * @param gone is told of all that are closed
 */
export function makeDoor(
  { connections, headMs }: Pick<Limits, 'connections' | 'headMs'>,
  enter: (socket: Socket) => void,
  closed: (why: Closed) => void,
  gone: () => void,
): Door {
  const close =
    (why: Closed) =>
    ({ socket }: Connection): void => {
      closed(why);
      socket.destroy();
    };
  const [crowdOut, cut] = [close('crowded'), close('slow')];
  const half = Math.ceil(connections / 2);
  const silent = makeCrowd(connections, crowdOut);
  const waiting = makeCrowd(connections, crowdOut);
  const strangers = makeCrowd(half, crowdOut);
  const known = makeCrowd(half, crowdOut);
  const byPeer = new Map<string, Connection>();
  const ofSocket = new WeakMap<Socket, Connection>();

  const move = (connection: Connection, to: Crowd<Connection>): void => {
    connection.crowd.delete(connection);
    connection.crowd = to;
    to.add(connection);
  };
  let turn: NodeJS.Immediate | undefined;
  let [arrived, postponed] = [false, 0];
  const letIn = (): void => {
    turn = undefined;
    const wait = arrived && postponed < arrivalTurns;
    arrived = false;
    postponed = wait ? postponed + 1 : 0;
    for (let count = wait ? 0 : handshakesPerTurn; count > 0; count -= 1) {
      const next = waiting.take();
      if (next === undefined) return;
      move(next, strangers);
      if (!next.socket.destroyed) enter(next.socket);
    }
    turn ??= setImmediate(letIn);
  };

  const sweep = (): void => {
    const now = performance.now();
    for (const connection of [...silent.items(), ...strangers.items(), ...known.items()]) {
      if (isStuck(connection, now, headMs)) cut(connection);
    }
  };
  setInterval(sweep, Math.min(sweepMs, headMs)).unref();

  return {
    arrive: (socket) => {
      const { remoteAddress: address = '', remotePort } = socket;
      const peer = `${address} ${remotePort}`;
      const connection: Connection = {
        socket,
        address,
        since: performance.now(),
        crowd: silent,
        unanswered: 0,
        busySince: 0,
        readAtRest: 0,
        renewed: -Infinity,
        headSince: undefined,
      };
      socket
        .on('error', () => {})
        .once('close', () => {
          connection.crowd.delete(connection);
          gone();
          if (byPeer.get(peer) === connection) byPeer.delete(peer);
        });
      arrived = true;
      byPeer.set(peer, connection);
      silent.add(connection);
      socket.once('readable', () => {
        if (socket.destroyed) return;
        move(connection, waiting);
        turn ??= setImmediate(letIn);
      });
    },
    secured: (tls) => {
      const connection = byPeer.get(`${tls.remoteAddress ?? ''} ${tls.remotePort}`);
      if (connection === undefined) return;
      connection.tls = tls;
      ofSocket.set(tls, connection);
    },
    begun: (tls) => {
      const connection = ofSocket.get(tls);
      if (connection === undefined) return '';
      if (connection.socket.destroyed) return undefined;
      if (connection.unanswered === 0) connection.busySince = performance.now();
      connection.unanswered += 1;
      connection.headSince = undefined;
      if (connection.unanswered <= maxUnanswered) return connection.address;
      cut(connection);
      return undefined;
    },
    done: (tls) => {
      const connection = ofSocket.get(tls);
      if (connection === undefined) return;
      connection.unanswered -= 1;
      if (connection.unanswered === 0) connection.readAtRest = connection.tls?.bytesRead ?? 0;
    },
    known: (tls) => {
      const connection = ofSocket.get(tls);
      // Often enough to tell who is away from who is not.
      if (
        connection === undefined ||
        connection.busySince - connection.renewed < renewMs ||
        connection.socket.destroyed
      )
        return;
      connection.renewed = connection.busySince;
      move(connection, known);
    },
    size: () => silent.size() + waiting.size() + strangers.size() + known.size(),
  };
}

function isStuck(connection: Connection, now: number, headMs: number): boolean {
  const { tls, since, unanswered, busySince, readAtRest } = connection;
  if (tls === undefined) return now - since > headMs;
  if (unanswered > 0) return now - busySince > answerMs;
  if (tls.bytesRead === readAtRest) return false;
  connection.headSince ??= now;
  return now - connection.headSince > headMs;
}
