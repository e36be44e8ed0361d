import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { ZipFile } from 'yazl';
import { gzipTo } from './gzip.ts';

/** Of zlib; the files are packed once and fetched often. */
const level = 9;

/**
 * Packs the files of a folder as gzip'ed tar. The same files give the same bytes, whoever owns them. Symbolic links do
 * not belong there: krew refuses an archive with one.
 * @param seconds the time of all files, since 1970
 */
export async function writeTarball(folder: string, path: string, seconds: number): Promise<void> {
  const names = (await readdir(folder)).toSorted();
  const order = ['--format=ustar', '--sort=name', `--mtime=@${seconds}`, '--mode=u=rwX,go=rX'];
  const nobody = ['--owner=0', '--group=0', '--numeric-owner'];
  const tar = execa('tar', ['-C', folder, ...order, ...nobody, '-cf', '-', ...names], {
    buffer: { stdout: false },
    env: { TAR_OPTIONS: '' },
  });
  await Promise.all([tar, gzipTo(tar.stdout, path)]);
}

/**
 * Packs the files of a folder that has no folders in it as zip.
 * @param seconds the time of all files, since 1970
 */
export async function writeZip(folder: string, path: string, seconds: number): Promise<void> {
  const zip = new ZipFile();
  // The format has local time alone; this way it is UTC on every machine.
  const time = new Date(seconds * 1000);
  const mtime = new Date(time.getTime() + time.getTimezoneOffset() * 60_000);
  for (const name of (await readdir(folder)).toSorted()) {
    const content = await readFile(join(folder, name));
    const mode = name.endsWith('.exe') ? 0o100_755 : 0o100_644;
    zip.addBuffer(content, name, { mtime, mode, compressionLevel: level, forceDosTimestamp: true });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
}
