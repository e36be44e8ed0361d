import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import type { KubectlStart } from '../../cluster/index.ts';
import type { CodedError } from '../../errors.ts';
import { mountPaths } from '../../sidecar/index.ts';
import { execInPod } from '../exec.ts';
import type { CapturedPod } from '../pods.ts';
import { keepConnection } from './connection.ts';
import type { RemoteFile } from './listing.ts';

export type TransferEnd =
  /** The part is whole, and equal to the file in the pod. */
  | { readonly kind: 'whole'; readonly sha256: string; /** Bytes that an earlier try had brought. */ readonly resumedAt: number }
  /** The file has left the ring. */
  | { readonly kind: 'vanished' }
  /** The part is none of this file; it is gone. */
  | { readonly kind: 'unequal' }
  /** The connection ended early; what came is in the part. */
  | { readonly kind: 'broken'; readonly received: number; readonly error: CodedError | undefined };

/** Of transfer.sh. */
const vanishedCode = 66;

const script = new URL('transfer.sh', import.meta.url);

export interface TransferOptions {
  readonly start: KubectlStart;
  readonly pod: CapturedPod;
  readonly file: RemoteFile;
  /** Where the bytes go; what stands there already is the beginning of the file, or is thrown away. */
  readonly part: string;
  /** Told of each piece: its bytes. */
  readonly onBytes: (bytes: number) => void;
}

/** Brings a file from a pod, or the rest of it. @throws errors of the local file system */
export async function transfer(options: TransferOptions): Promise<TransferEnd> {
  const { start, pod, file, part } = options;
  // What is still written to has no rest that ends where it was seen to end.
  if (file.open) await rm(part, { force: true });
  const { hash, bytes: offset } = await hashPart(part, file.bytes);
  const remote = `${mountPaths.files}/${file.name}`;
  const running = execInPod(start, pod, ['sh', '-c', await readFile(script, 'utf8'), 'sh', remote, `${offset}`, `${file.bytes}`], { stdin: true });
  const connection = keepConnection(running);
  const handle = await open(part, 'a', 0o600);
  let received: Received;
  try {
    received = await receive(running.stdout, { handle, hash, offset, heard: connection.heard, onBytes: options.onBytes });
    await handle.sync();
  } catch (error) {
    running.kill();
    throw error;
  } finally {
    connection.close();
    await handle.close();
  }
  if (received.kind === 'unequal') {
    running.kill();
    await rm(part, { force: true });
    return received;
  }
  const { code, error, stderr } = await running.ended;
  if (code === vanishedCode || /can't open .*No such file/.test(stderr)) return { kind: 'vanished' };
  const whole = offset + received.bytes === file.bytes;
  if (!whole) return { kind: 'broken', received: received.bytes, error };
  const sha256 = hash.digest('hex');
  if (sha256 === received.sha256) return { kind: 'whole', sha256, resumedAt: offset };
  await rm(part, { force: true });
  return { kind: 'unequal' };
}

/** The checksum of what is here, so far; a part that is longer than the file is thrown away. */
async function hashPart(part: string, longest: number): Promise<{ readonly hash: Hash; readonly bytes: number }> {
  const hash = createHash('sha256');
  const size = await stat(part).then(({ size: found }) => found, () => 0);
  if (size > longest) await rm(part);
  if (size === 0 || size > longest) return { hash, bytes: 0 };
  for await (const piece of createReadStream(part)) hash.update(piece as Buffer);
  return { hash, bytes: size };
}

interface Receiving {
  readonly handle: FileHandle;
  /** Of what is here already; goes on with what comes. */
  readonly hash: Hash;
  readonly offset: number;
  readonly heard: () => void;
  readonly onBytes: (bytes: number) => void;
}

type Received =
  | { readonly kind: 'rest'; readonly bytes: number; /** Of the whole, as the pod has it. */ readonly sha256: string }
  | { readonly kind: 'unequal' };

/** Why a connection breaks is for the process to say, once it has ended. */
async function* untilBroken(stdout: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  try {
    for await (const piece of stdout) yield piece as Buffer;
  } catch {
    // Nothing more comes.
  }
}

async function receive(stdout: AsyncIterable<unknown>, { handle, hash, offset, heard, onBytes }: Receiving): Promise<Received> {
  const sums: string[] = [];
  const wanted = offset === 0 ? 1 : 2;
  let line = '';
  let bytes = 0;
  for await (const piece of untilBroken(stdout)) {
    heard();
    let data = piece;
    while (sums.length < wanted && data.length > 0) {
      const end = data.indexOf('\n');
      line += data.subarray(0, end === -1 ? data.length : end).toString('latin1');
      data = data.subarray(end === -1 ? data.length : end + 1);
      if (end === -1) continue;
      sums.push(line.slice(0, 64));
      line = '';
      if (sums.length === 1 && wanted === 2) {
        if (sums[0] !== hash.copy().digest('hex')) return { kind: 'unequal' };
        onBytes(offset);
      }
    }
    if (data.length === 0) continue;
    await handle.appendFile(data);
    hash.update(data);
    bytes += data.length;
    onBytes(data.length);
  }
  return { kind: 'rest', bytes, sha256: sums.at(-1) ?? '' };
}
