import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { makeFairQueue, type FairQueue } from './fairQueue.ts';
import type { Limits } from './limits.ts';

/** An accepted connection; times are milliseconds of `performance.now`. */
interface Connection {
  readonly socket: Socket;
  readonly address: string;
  readonly since: number;
  /** Present after the handshake. */
  tls?: TLSSocket;
  /** The queue that contains it. */
  queue: FairQueue<Connection>;
  /** Requests without an answer, or with one that the client has not read. */
  unanswered: number;
  /** Since when it has unanswered requests. */
  busySince: number;
  /** Bytes that had been read when it last had no unanswered request. */
  readAtRest: number;
  /** When it was last made the newest of its queue. */
  renewed: number;
  /** Since when the head of a request is being received. */
  headSince: number | undefined;
}

/** Why the server closed a connection: others needed its place, or it took too long. */
export type CloseReason = 'crowded' | 'slow';

/** Follows the connections of a server; call its functions for the events that they name. */
export interface ConnectionLimiter {
  readonly accepted: (socket: Socket) => void;
  readonly handshakeDone: (tls: TLSSocket) => void;
  /**
   * The head of a request has arrived.
   * @returns the address of its connection; undefined when the connection was closed for too many requests
   */
  readonly requestBegan: (tls: Socket) => string | undefined;
  /** The client has read the answer to a request, or has gone. */
  readonly requestEnded: (tls: Socket) => void;
  /** A review of the connection was answered. */
  readonly reviewAnswered: (tls: Socket) => void;
  /** The number of open connections. */
  readonly size: () => number;
}

/** Handshakes in one turn of the event loop: one takes as long as ten reviews, and everything else waits for it. */
const handshakesPerTurn = 2;

/**
 * libuv accepts one connection in each turn of the event loop, in the order of arrival. While connections arrive, up to
 * so many turns therefore have no handshake: a fair choice needs more than the first few connections.
 */
const arrivalTurns = 16;

/** Unanswered requests of one connection. An API server sends a request only after the answer to the one before. */
const maxUnanswered = 8;

/** How long a client may take to read its answers. */
const answerMs = 30_000;

const sweepMs = 1000;
const renewMs = 100;

/**
 * Limits the connections of a server. When there are too many, the oldest connection of the address with the most is
 * closed, so that one client cannot keep others out:
 * - a client that has sent nothing yet costs little more than its socket;
 * - a handshake begins when the client's first bytes are there, a few at a time, in turn by address;
 * - clients that have had an answer to a review (usually API servers) have a queue of their own, so that clients
 *   without one cannot take their places.
 * @param enter begins the handshake
 * @param closed is called for each connection that this closes
 * @param gone is called for each connection that is closed, by either side
 */
export function limitConnections(
  { connections, headMs }: Pick<Limits, 'connections' | 'headMs'>,
  enter: (socket: Socket) => void,
  closed: (why: CloseReason) => void,
  gone: () => void,
): ConnectionLimiter {
  const close =
    (why: CloseReason) =>
    ({ socket }: Connection): void => {
      closed(why);
      socket.destroy();
    };
  const [closeForOthers, closeAsSlow] = [close('crowded'), close('slow')];
  const half = Math.ceil(connections / 2);
  const silent = makeFairQueue(connections, closeForOthers);
  const waiting = makeFairQueue(connections, closeForOthers);
  const unknown = makeFairQueue(half, closeForOthers);
  const known = makeFairQueue(half, closeForOthers);
  const byPeer = new Map<string, Connection>();
  const ofSocket = new WeakMap<Socket, Connection>();

  const move = (connection: Connection, to: FairQueue<Connection>): void => {
    connection.queue.delete(connection);
    connection.queue = to;
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
      move(next, unknown);
      if (!next.socket.destroyed) enter(next.socket);
    }
    turn ??= setImmediate(letIn);
  };

  const sweep = (): void => {
    const now = performance.now();
    for (const connection of [...silent.items(), ...unknown.items(), ...known.items()]) {
      if (isSlow(connection, now, headMs)) closeAsSlow(connection);
    }
  };
  setInterval(sweep, Math.min(sweepMs, headMs)).unref();

  return {
    accepted: (socket) => {
      const { remoteAddress: address = '', remotePort } = socket;
      const peer = `${address} ${remotePort}`;
      const connection: Connection = {
        socket,
        address,
        since: performance.now(),
        queue: silent,
        unanswered: 0,
        busySince: 0,
        readAtRest: 0,
        renewed: -Infinity,
        headSince: undefined,
      };
      socket
        .on('error', () => {})
        .once('close', () => {
          connection.queue.delete(connection);
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
    handshakeDone: (tls) => {
      const connection = byPeer.get(`${tls.remoteAddress ?? ''} ${tls.remotePort}`);
      if (connection === undefined) return;
      connection.tls = tls;
      ofSocket.set(tls, connection);
    },
    requestBegan: (tls) => {
      const connection = ofSocket.get(tls);
      if (connection === undefined) return '';
      if (connection.socket.destroyed) return undefined;
      if (connection.unanswered === 0) connection.busySince = performance.now();
      connection.unanswered += 1;
      connection.headSince = undefined;
      if (connection.unanswered <= maxUnanswered) return connection.address;
      closeAsSlow(connection);
      return undefined;
    },
    requestEnded: (tls) => {
      const connection = ofSocket.get(tls);
      if (connection === undefined) return;
      connection.unanswered -= 1;
      if (connection.unanswered === 0) connection.readAtRest = connection.tls?.bytesRead ?? 0;
    },
    reviewAnswered: (tls) => {
      const connection = ofSocket.get(tls);
      // Renewed at most ten times a second: often enough to find idle connections.
      if (
        connection === undefined ||
        connection.busySince - connection.renewed < renewMs ||
        connection.socket.destroyed
      )
        return;
      connection.renewed = connection.busySince;
      move(connection, known);
    },
    size: () => silent.size() + waiting.size() + unknown.size() + known.size(),
  };
}

/** Whether a connection has taken too long for its handshake, a request's head or the reading of its answers. */
function isSlow(connection: Connection, now: number, headMs: number): boolean {
  const { tls, since, unanswered, busySince, readAtRest } = connection;
  if (tls === undefined) return now - since > headMs;
  if (unanswered > 0) return now - busySince > answerMs;
  if (tls.bytesRead === readAtRest) return false;
  connection.headSince ??= now;
  return now - connection.headSince > headMs;
}
