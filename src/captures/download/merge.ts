import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { codedError, isCodedError } from '../../errors.ts';
import { mergeFiles, type CaptureSource } from '../../pcapng/index.ts';
import type { FetchedFile } from './fetchFile.ts';

/** A local file, with its pod. */
export type LocalFile = Pick<FetchedFile, 'namespace' | 'pod'> & { readonly path: string };

export interface MergeOutcome {
  readonly files: number;
  readonly bytes: number;
  /** Files that end in the middle of a packet; all complete packets before are in the output. */
  readonly truncated: readonly string[];
}

/**
 * Merges capture files into one, by time, with interfaces named `namespace/pod:device`. The output is replaced as a
 * whole or not at all.
 * @throws CAPTURE_INVALID, FILE_UNWRITABLE
 */
export async function mergeInto(
  target: string,
  files: readonly LocalFile[],
  application: string,
): Promise<MergeOutcome> {
  const truncated: string[] = [];
  const temporary = `${target}.${process.pid}.tmp`;
  let bytes = 0;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      const several = new Set(files.map(({ namespace, pod }) => `${namespace}/${pod}`)).size > 1;
      const options = { application, several, onTruncated: ({ name }: CaptureSource) => truncated.push(name) };
      for await (const piece of mergeFiles(files.map(captureSource), options)) {
        await handle.appendFile(piece);
        bytes += piece.length;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    if (isCodedError(error)) throw error;
    throw codedError('FILE_UNWRITABLE', error instanceof Error ? error.message : String(error), {
      where: target,
      cause: error,
    });
  }
  return { files: files.length, bytes, truncated };
}

function captureSource({ namespace, pod, path }: LocalFile): CaptureSource {
  return { name: path, data: read(path), label: ({ name = 'unknown' }) => ({ name: `${namespace}/${pod}:${name}` }) };
}

/** Opens the file at the first read, so that few files are open at once. */
async function* read(path: string): AsyncGenerator<Buffer> {
  for await (const piece of createReadStream(path)) yield piece as Buffer;
}
