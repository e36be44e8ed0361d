import { createHash, type Hash } from 'node:crypto';
import { rm, type FileHandle } from 'node:fs/promises';
import type { CodedError } from '../../errors.ts';
import type { KubectlStart } from '../../kubernetes/kubectl.ts';
import { agentCommand, isOlderAgent, olderAgent } from '../agentCommand.ts';
import { execInPod } from '../exec.ts';
import type { CapturedPod } from '../findPods.ts';
import { keepConnection } from './connection.ts';
import type { RemoteFile } from './listing.ts';
import { hasName, openPart, writeAt } from './partFile.ts';

/** How one attempt to fetch a file ended. After `broken` another attempt continues the part. */
export type TransferEnd =
  /** The part is complete, and equal to the file in the pod. */
  | {
      readonly kind: 'whole';
      readonly sha256: string;
      /** Bytes that an earlier try had brought. */ readonly resumedAt: number;
    }
  /** The part was complete, and another command has renamed or removed it. */
  | { readonly kind: 'taken' }
  /** The file was removed from the ring. */
  | { readonly kind: 'vanished' }
  /** The part belongs to another file and was removed. */
  | { readonly kind: 'unequal' }
  /** The connection ended early; the part has what arrived. */
  | {
      readonly kind: 'broken';
      readonly received: number;
      /** Bytes in the part. */ readonly present: number;
      readonly error: CodedError | undefined;
    }
  /** The pod breaks the protocol: the part is removed, and there is no other attempt. */
  | { readonly kind: 'refused'; readonly reason: string };

/** The file to ask `send` for. */
const vanishedCode = 66;

/** The file of the pod, and the local part that gets its bytes. */
export interface TransferOptions {
  readonly start: KubectlStart;
  readonly pod: CapturedPod;
  readonly file: RemoteFile;
  /** The file for the bytes; existing content is the beginning of the file, or is thrown away. */
  readonly part: string;
  /** Called with the number of bytes of each piece. */
  readonly onBytes: (bytes: number) => void;
}

/** Fetches a file from a pod, or its rest. @throws errors of the local file system */
export async function transfer(options: TransferOptions): Promise<TransferEnd> {
  const { file, part } = options;
  // A file that is still being written is fetched from its start, because it has grown since it was listed.
  if (file.open) await rm(part, { force: true });
  const { handle, bytes: offset } = await openPart(part, file.bytes);
  try {
    const end = await transferInto(options, handle, offset);
    if (end.kind === 'unequal' || end.kind === 'refused') await rm(part, { force: true });
    return end.kind === 'whole' && !(await hasName(handle, part)) ? { kind: 'taken' } : end;
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
  /** The checksum of what is here already; it continues with what arrives. */
  readonly hash: Hash;
  readonly offset: number;
  /** The most bytes that may arrive: the size of the file minus what is here. */
  readonly most: number;
  readonly heard: () => void;
  readonly onBytes: (bytes: number) => void;
}

type Received =
  | { readonly kind: 'rest'; readonly bytes: number; /** Of the whole, as the pod has it. */ readonly sha256: string }
  | Extract<TransferEnd, { readonly kind: 'unequal' | 'refused' }>;

/** The longest first line: a checksum has 64 digits. */
const longestLine = 200;

/** Ignored here: the process reports why the connection broke, once it has ended. */
async function* untilBroken(stdout: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  try {
    for await (const piece of stdout) yield piece as Buffer;
  } catch {
    // No more output is read.
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
      if (line.length > longestLine) return { kind: 'refused', reason: 'its output does not begin with a checksum' };
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
      return { kind: 'refused', reason: `it sends more than the ${offset + most} bytes that it listed` };
    await writeAt(handle, data, offset + bytes);
    hash.update(data);
    bytes += data.length;
    onBytes(data.length);
  }
  return { kind: 'rest', bytes, sha256: sums.at(-1) ?? '' };
}
