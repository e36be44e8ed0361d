import { createReadStream } from 'node:fs';
import { mergeFiles, type CaptureSource, type Naming } from '../../pcapng/index.ts';
import type { FetchedFile } from './fetchFile.ts';
import { writeWhole } from './writeWhole.ts';

/** A local file, with its pod. */
export type LocalFile = Pick<FetchedFile, 'namespace' | 'pod'> & { readonly path: string };

/** What was merged: the number of input files, and the bytes of the output. */
export interface MergeOutcome {
  readonly files: number;
  readonly bytes: number;
  /** Files that end in the middle of a packet; all complete packets before are in the output. */
  readonly truncated: readonly string[];
}

/**
 * Merges capture files into one, by time, with interfaces named `namespace/pod:device`. The output is replaced as a
 * whole or not at all.
 * @param naming names of addresses; without, there are those that the files have
 * @throws CAPTURE_INVALID, FILE_UNWRITABLE
 */
export async function mergeInto(
  target: string,
  files: readonly LocalFile[],
  application: string,
  naming?: Naming,
): Promise<MergeOutcome> {
  const truncated: string[] = [];
  const several = new Set(files.map(({ namespace, pod }) => `${namespace}/${pod}`)).size > 1;
  const options = { application, several, naming, onTruncated: ({ name }: CaptureSource) => truncated.push(name) };
  const bytes = await writeWhole(target, mergeFiles(files.map(captureSource), options));
  return { files: files.length, bytes, truncated };
}

function captureSource({ namespace, pod, path }: LocalFile): CaptureSource {
  return {
    name: path,
    data: readPieces(path),
    label: ({ name = 'unknown' }) => ({ name: `${namespace}/${pod}:${name}` }),
  };
}

/** Opens the file at the first read, so that few files are open at once. */
export async function* readPieces(path: string): AsyncGenerator<Buffer> {
  for await (const piece of createReadStream(path)) yield piece as Buffer;
}
