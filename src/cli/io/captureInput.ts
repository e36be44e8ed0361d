import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { codedError, type CodedError } from '../../errors.ts';

const pieceLength = 1 << 20;

/**
 * The bytes of a capture file, unpacked when it is packed by gzip. A piece is valid until the next one is asked for.
 * @param path `-` is standard input
 * @throws FILE_UNREADABLE, CAPTURE_INVALID for gzip data that are damaged or not whole
 */
export async function* readPieces(path: string): AsyncGenerator<Uint8Array, void> {
  try {
    const pieces = path === '-' ? standardInput() : fileInput(path);
    const first = await pieces.next();
    if (first.done === true) return;
    if (first.value[0] === 0x1f && first.value[1] === 0x8b) yield* unpacked(first.value, pieces);
    else {
      yield first.value;
      yield* pieces;
    }
  } catch (cause) {
    throw unreadable(cause, path);
  }
}

function unreadable(cause: unknown, where: string): CodedError {
  const { message, code = '' }: NodeJS.ErrnoException = cause instanceof Error ? cause : new Error(String(cause));
  // The codes of zlib.
  if (code.startsWith('Z_')) return codedError('CAPTURE_INVALID', `what gzip packed: ${message}`, { where, cause });
  if (code !== 'EISDIR') return codedError('FILE_UNREADABLE', message, { where, cause });
  return codedError('FILE_UNREADABLE', 'it is a folder', {
    where,
    cause,
    hint: `Name files: ${join(where, '*.pcapng')}`,
  });
}

async function* standardInput(): AsyncGenerator<Uint8Array, void> {
  for await (const piece of process.stdin) yield piece as Buffer;
}

/** Into the same memory again and again. */
async function* fileInput(path: string): AsyncGenerator<Uint8Array, void> {
  const file = await open(path, 'r');
  const memory = Buffer.allocUnsafe(pieceLength);
  try {
    for (;;) {
      const { bytesRead } = await file.read(memory, 0, pieceLength, null);
      if (bytesRead === 0) return;
      yield memory.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function* unpacked(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const copies = async function* copied(): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from(first);
    for await (const piece of rest) yield Buffer.from(piece);
  };
  const gunzip = createGunzip();
  const input = Readable.from(copies());
  input.on('error', (error) => gunzip.destroy(error));
  yield* input.pipe(gunzip) as AsyncIterable<Uint8Array>;
}
