import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';

/**
 * Compresses a stream into a file by the program gzip: the same input gives the same bytes. Node's own zlib is no use
 * for that, because it chooses between methods by the kind of processor.
 */
export async function gzipTo(input: Readable, path: string): Promise<void> {
  const gzip = execa('gzip', ['--no-name', '--best', '--stdout'], { buffer: { stdout: false }, env: { GZIP: '' } });
  await Promise.all([gzip, pipeline(input, gzip.stdin), pipeline(gzip.stdout, createWriteStream(path))]);
}
