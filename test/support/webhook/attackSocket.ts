import { connect as connectPlain } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { patienceMs } from '../patience.ts';
import { host } from './injector.ts';

/** What a connection got for the bytes that were sent. */
export interface RawAnswer {
  /** Of the answers, in their order; 100 among them. */
  readonly statuses: readonly number[];
  readonly text: string;
  /** The server closed it. */
  readonly closed: boolean;
}

/**
 * Sends bytes over a TLS connection of its own, piece by piece, and takes what comes until the server closes it or
 * nothing came for `quietMs`.
 * @param end with FIN, or with RST at once
 * @param answers how many to wait for, and a moment longer for one too many
 */
export async function rawRequest(
  port: number,
  ca: string,
  pieces: readonly (string | Buffer)[],
  {
    end,
    quietMs = 300,
    answers = Infinity,
  }: { readonly end?: 'fin' | 'rst'; readonly quietMs?: number; readonly answers?: number } = {},
): Promise<RawAnswer> {
  const socket = connect({ port, host: '127.0.0.1', servername: host, ca });
  let text = '';
  let closed = false;
  let last = performance.now();
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    last = performance.now();
  });
  for (const event of ['error', 'end', 'close']) socket.on(event, () => (closed = true));
  await new Promise((resolve) => socket.once('secureConnect', resolve).once('error', resolve));
  for (const piece of pieces) {
    socket.write(piece);
    await sleep(2);
  }
  if (end === 'rst') socket.destroy();
  if (end === 'fin') socket.end();
  last = performance.now();
  const isOver = (): boolean =>
    closed || performance.now() - last >= (statusesIn(text).length >= answers ? 30 : quietMs);
  while (!isOver()) await sleep(10);
  socket.destroy();
  return { statuses: statusesIn(text), text, closed };
}

function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

/** A ClientHello of a scanner: a version, and the cipher suites that it offers. */
export function clientHello(version: number, suites: readonly number[]): Buffer {
  const u16 = (...values: readonly number[]): Buffer =>
    Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
  const withLength = (body: Buffer): Buffer => Buffer.concat([u16(body.length), body]);
  const extension = (type: number, body: Buffer): Buffer => Buffer.concat([u16(type), withLength(body)]);
  const extensions = Buffer.concat([
    // Supported groups: P-256, x25519. Signatures: RSA with SHA-256, plain and PSS, and ECDSA.
    extension(10, withLength(u16(0x0017, 0x001d))),
    extension(11, Buffer.from([1, 0])),
    extension(13, withLength(u16(0x0401, 0x0804, 0x0403))),
  ]);
  const body = Buffer.concat([
    u16(version),
    Buffer.alloc(32, 7),
    Buffer.from([0]),
    withLength(u16(...suites)),
    Buffer.from([1, 0]),
    withLength(extensions),
  ]);
  const handshake = Buffer.concat([Buffer.from([1, 0]), u16(body.length), body]);
  return Buffer.concat([Buffer.from([22, 3, 1]), withLength(handshake)]);
}

/**
 * What the server answers to bytes without TLS around them: the type of its first record (21 alert, 22 handshake) and
 * an alert's code.
 */
export async function firstRecord(
  port: number,
  bytes: Buffer,
): Promise<{ readonly type: number | undefined; readonly alert?: number | undefined }> {
  return new Promise((resolve) => {
    const socket = connectPlain(port, '127.0.0.1');
    socket.on('error', () => resolve({ type: undefined })).on('close', () => resolve({ type: undefined }));
    socket.once('data', (record: Buffer) => {
      resolve(record[0] === 21 ? { type: 21, alert: record[6] } : { type: record[0] });
      socket.destroy();
    });
    socket.write(bytes);
    socket.setTimeout(patienceMs, () => socket.destroy());
  });
}
