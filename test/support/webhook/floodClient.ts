import { connect as connectPlain, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Flood } from './flood.ts';
import { floodBodies } from './floodBodies.ts';

/**
 * A program that attacks an injector; one JSON argument, {@link Flood}. It prints what came of it, one line of JSON,
 * when all is sent, and ends when its standard input ends.
 */
const { port, ca, host, from, how, bodies, bytes, count, atOnce } = JSON.parse(process.argv[2] ?? '{}') as Flood & {
  readonly host: string;
};

const open = new Set<Socket>();
const statuses: Record<string, number> = {};
const head = (length: number): string =>
  `POST /inject/privileged?timeout=3s HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

async function secure(): Promise<TLSSocket | undefined> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, servername: host, ca } as ConnectionOptions);
  open.add(socket);
  return new Promise((resolve) => {
    socket.once('secureConnect', () => resolve(socket));
    socket
      .on('error', () => {})
      .once('close', () => {
        open.delete(socket);
        resolve(undefined);
      });
    socket.on('data', (chunk: Buffer) => {
      const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1', 0, 15)) ?? [];
      if (status !== undefined) statuses[status] = (statuses[status] ?? 0) + 1;
    });
  });
}

const prepared = bodies.map((kind) => floodBodies[kind](bytes));

async function answered(socket: TLSSocket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once('data', () => resolve()).once('close', () => resolve());
  });
}

const written = async (socket: Socket, data: Buffer | string): Promise<void> =>
  new Promise((resolve) => void socket.write(data, () => resolve()));

/** Until more can be written, or nothing any more. */
async function writable(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = (): void => {
      socket.off('drain', go).off('close', go);
      resolve();
    };
    socket.on('drain', go).on('close', go);
  });
}

const ways: Readonly<Record<Flood['how'], (index: number) => Promise<void>>> = {
  /** A whole body, and its answer. */
  send: async (index) => {
    const body = prepared[index % prepared.length] ?? Buffer.alloc(0);
    const socket = await secure();
    if (socket === undefined) return;
    socket.write(head(body.length));
    socket.write(body);
    await answered(socket);
    socket.destroy();
  },
  /** All of it but the last byte. */
  hold: async (index) => {
    const body = prepared[index % prepared.length] ?? Buffer.alloc(0);
    const socket = await secure();
    if (socket === undefined) return;
    socket.write(head(body.length));
    await Promise.race([written(socket, body.subarray(0, -1)), answered(socket)]);
  },
  /** Nothing after the handshake. */
  idle: async () => void (await secure()),
  /** Not even that. */
  silent: async () => {
    const socket = connectPlain({ port, host: '127.0.0.1', localAddress: from });
    open.add(socket);
    socket.on('error', () => {}).once('close', () => open.delete(socket));
    await new Promise<void>((resolve) => void socket.once('connect', resolve).once('close', () => resolve()));
  },
  /** A TLS record for each byte of a body. */
  crumbs: async (index) => {
    const body = prepared[index % prepared.length] ?? Buffer.alloc(0);
    const socket = await secure();
    if (socket === undefined) return;
    socket.setNoDelay(true);
    socket.write(head(body.length));
    for (let at = 0; at < body.length && !socket.destroyed; at += 1) {
      const taken = socket.write(body.subarray(at, at + 1));
      if (!taken) await writable(socket);
    }
  },
  /** Reviews one behind the other, of whose answers none is read. */
  unread: async () => {
    const socket = await secure();
    if (socket === undefined) return;
    socket.pause();
    const body = floodBodies.objects(400);
    const one = head(body.length) + body.toString();
    await Promise.race([written(socket, one.repeat(2000)), new Promise((resolve) => void setTimeout(resolve, 1000))]);
  },
};

let next = 0;
async function work(): Promise<void> {
  while (next < count) {
    const index = next;
    next += 1;
    await ways[how](index);
  }
}

process.stdin.resume().once('end', () => process.exit(0));
await Promise.all(Array.from({ length: Math.min(atOnce, count) }, work));
console.log(JSON.stringify({ statuses, open: open.size }));
