import { createHash, type Hash } from 'node:crypto';
import { rm, type FileHandle } from 'node:fs/promises';
import type { CodedError } from '../../errors.ts';
import type { KubectlStart } from '../../kubernetes/kubectl.ts';
import { agentCommand, isOlderAgent, olderAgent } from '../agentCommand.ts';
import { execInPod } from '../exec.ts';
import type { CapturedPod } from '../pods.ts';
import { keepConnection } from './connection.ts';
import type { RemoteFile } from './listing.ts';
import { openPart } from './partFile.ts';

export type TransferEnd =
  /** The part is whole, and equal to the file in the pod. */
  | {
      readonly kind: 'whole';
      readonly sha256: string;
      /** Bytes that an earlier try had brought. */ readonly resumedAt: number;
    }
  /** The file has left the ring. */
  | { readonly kind: 'vanished' }
  /** The part is none of this file; it is gone. */
  | { readonly kind: 'unequal' }
  /** The connection ended early; what came is in the part. */
  | {
      readonly kind: 'broken';
      readonly received: number;
      /** Bytes in the part. */ readonly present: number;
      readonly error: CodedError | undefined;
    }
  /** The pod does not keep to the protocol: what came is thrown away, and no other try is worth it. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Of `send`. */
const vanishedCode = 66;

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
  const { file, part } = options;
  // What is still written to has no rest that ends where it was seen to end.
  if (file.open) await rm(part, { force: true });
  const { handle, bytes: offset } = await openPart(part, file.bytes);
  try {
    const end = await transferInto(options, handle, offset);
    if (end.kind === 'unequal' || end.kind === 'refused') await rm(part, { force: true });
    return end;
  } finally {
    await handle.close();
  }
}

async function transferInto(
  { start, pod, file, onBytes }: TransferOptions,
  handle: FileHandle,
  offset: number,
): Promise<TransferEnd> {
  const hash = createHash('sha256');
  if (offset > 0)
    for await (const piece of handle.createReadStream({ start: 0, end: offset - 1, autoClose: false }))
      hash.update(piece as Buffer);
  const running = execInPod(
    start,
    pod,
    agentCommand('send', '--offset', `${offset}`, '--size', `${file.bytes}`, file.name),
    { stdin: true },
  );
  const connection = keepConnection(running);
  let received: Received;
  try {
    received = await receive(running.stdout, {
      handle,
      hash,
      offset,
      most: file.bytes - offset,
      heard: connection.heard,
      onBytes,
    });
    await handle.sync();
  } catch (error) {
    running.kill();
    throw error;
  } finally {
    connection.close();
  }
  if (received.kind !== 'rest') {
    running.kill();
    return received;
  }
  const { code, error, stderr } = await running.ended;
  if (code === vanishedCode) return { kind: 'vanished' };
  if (isOlderAgent(code, stderr)) return { kind: 'refused', reason: olderAgent };
  const present = offset + received.bytes;
  if (present !== file.bytes) return { kind: 'broken', received: received.bytes, present, error };
  const sha256 = hash.digest('hex');
  return sha256 === received.sha256 ? { kind: 'whole', sha256, resumedAt: offset } : { kind: 'unequal' };
}

interface Receiving {
  readonly handle: FileHandle;
  /** Of what is here already; goes on with what comes. */
  readonly hash: Hash;
  readonly offset: number;
  /** Bytes that may come: what the file has more than is here. */
  readonly most: number;
  readonly heard: () => void;
  readonly onBytes: (bytes: number) => void;
}

type Received =
  | { readonly kind: 'rest'; readonly bytes: number; /** Of the whole, as the pod has it. */ readonly sha256: string }
  | Extract<TransferEnd, { readonly kind: 'unequal' | 'refused' }>;

/** Of a checksum, 64 digits. */
const longestLine = 200;

/** Why a connection breaks is for the process to say, once it has ended. */
async function* untilBroken(stdout: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  try {
    for await (const piece of stdout) yield piece as Buffer;
  } catch {
    // Nothing more comes.
  }
}

async function receive(
  stdout: AsyncIterable<unknown>,
  { handle, hash, offset, most, heard, onBytes }: Receiving,
): Promise<Received> {
  const sums: string[] = [];
  const wanted = offset === 0 ? 1 : 2;
  let line = '';
  let bytes = 0;
  for await (const piece of untilBroken(stdout)) {
    heard();
    let data = piece;
    while (sums.length < wanted && data.length > 0) {
      const end = data.indexOf('\n');
      line += data.subarray(0, end === -1 ? longestLine + 1 : Math.min(end, longestLine + 1)).toString('latin1');
      if (line.length > longestLine) return { kind: 'refused', reason: 'what it sends does not begin with a checksum' };
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
    if (bytes + data.length > most)
      return { kind: 'refused', reason: `it sends more than the ${offset + most} bytes that it has listed` };
    await handle.appendFile(data);
    hash.update(data);
    bytes += data.length;
    onBytes(data.length);
  }
  return { kind: 'rest', bytes, sha256: sums.at(-1) ?? '' };
}
