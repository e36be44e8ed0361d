import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { gzipTo } from '../gzip.ts';

/** A layer as it lies in a file. */
export interface Layer {
  readonly path: string;
  /** Of the tar, `sha256:…`; the digest of the file itself comes from its bytes. */
  readonly diffId: string;
}

/**
 * Packs a file system as a layer. The same files give the same bytes, whenever and in whatever order they were written:
 * names are sorted, all times are one. Owners, modes and file capabilities stay.
 * @param root the folder that becomes `/`
 * @param path of the file that is written
 * @param seconds the time of all files, since 1970
 */
export async function writeLayer(root: string, path: string, seconds: number): Promise<Layer> {
  const names = (await readdir(root)).toSorted();
  // The names of the headers that hold capabilities would have tar's process id in them.
  const headers = '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime';
  const format = ['--format=posix', headers, '--xattrs', '--xattrs-include=security.capability'];
  const order = ['--sort=name', `--mtime=@${seconds}`, '--numeric-owner'];
  const tar = execa('tar', ['-C', root, ...format, ...order, '-cf', '-', ...names], {
    buffer: { stdout: false },
    env: { TAR_OPTIONS: '', LC_ALL: 'C' },
  });
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  tar.stdout.pipe(hashing);
  await Promise.all([tar, gzipTo(hashing, path)]);
  return { path, diffId: `sha256:${hash.digest('hex')}` };
}

/** The digest of a file, `sha256:…`. */
export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest('hex')}`;
}
