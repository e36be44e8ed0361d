import { constants } from 'node:fs';
import { lstat, mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { codedError } from '../../errors.ts';
import { fileProblem } from '../../fileProblem.ts';

const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
// Windows has neither flag.
const never = (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0);

/**
 * Opens the file for a download, to read and to write, but not to append: two commands that fetch the same file at once
 * write the same bytes to the same places, and neither makes the other's file longer. In a folder where others may
 * write, somebody may have put a link there, or a file that others can read. So anything but a regular file that only
 * this user can access is removed (a link itself, not its target) and created again.
 * @param longest bytes that it may have already; a longer file is truncated to zero
 * @throws errors of the local file system
 */
export async function openPart(
  part: string,
  longest: number,
): Promise<{ readonly handle: FileHandle; readonly bytes: number }> {
  for (;;) {
    const present = (await openPresent(part)) ?? (await create(part));
    if (present === undefined) continue;
    const { size } = await present.stat();
    if (size > longest) await present.truncate(0);
    return { handle: present, bytes: size > longest ? 0 : size };
  }
}

/** A new file; undefined when another command has created it at the same moment. */
async function create(part: string): Promise<FileHandle | undefined> {
  try {
    return await open(part, O_RDWR | O_CREAT | O_EXCL | never, 0o600);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined;
    throw error;
  }
}

/** Removes what cannot be used. */
async function openPresent(part: string): Promise<FileHandle | undefined> {
  const named = await lstat(part).catch(() => undefined);
  if (named === undefined) return undefined;
  const handle = await open(part, O_RDWR | never).catch(() => undefined);
  const stats = await handle?.stat();
  if (stats?.isFile() === true && stats.nlink === 1 && isOwn(stats.uid)) return handle;
  await handle?.close();
  await rm(part, { force: true });
  return undefined;
}

/** Writes all of the data at this offset in bytes. */
export async function writeAt(handle: FileHandle, data: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < data.length;)
    done += (await handle.write(data, done, data.length - done, offset + done)).bytesWritten;
}

/** Whether the file of the handle still has this name. Another command may have renamed or removed it. */
export async function hasName(handle: FileHandle, path: string): Promise<boolean> {
  const [own, named] = await Promise.all([handle.stat(), lstat(path).catch(() => undefined)]);
  return own.ino === named?.ino && own.dev === named.dev;
}

/** The size of a regular file in bytes; undefined for anything else, also for a link. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return lstat(path).then(
    (stats) => (stats.isFile() ? stats.size : undefined),
    () => undefined,
  );
}

/**
 * Creates the folder for files.
 * @throws FILE_UNWRITABLE, also for a link that somebody else has put there
 */
export async function makeFolder(folder: string): Promise<void> {
  let foreign: boolean;
  try {
    await mkdir(folder, { recursive: true });
    const stats = await lstat(folder);
    foreign = stats.isSymbolicLink() && !isOwn(stats.uid);
  } catch (error) {
    throw codedError('FILE_UNWRITABLE', fileProblem(error), {
      where: folder,
      cause: error,
    });
  }
  if (foreign)
    throw codedError('FILE_UNWRITABLE', 'it is a symbolic link of another user', {
      where: folder,
      hint: 'Name a folder where others may not write.',
    });
}

function isOwn(uid: number): boolean {
  return process.getuid === undefined || uid === process.getuid();
}

let names = 0;
const ownSuffix = /\.\d+-\d+\.own$/;

/** A name next to a file that no other command uses. */
export function ownName(path: string): string {
  names += 1;
  return `${path}.${process.pid}-${names}.own`;
}

/** The name of the file itself. Pure. @param path as {@link ownName} returns it, or the name itself */
export function commonName(path: string): string {
  return path.replace(ownSuffix, '');
}
