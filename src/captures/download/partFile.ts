import { constants } from 'node:fs';
import { lstat, mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { codedError } from '../../errors.ts';

const { O_RDWR, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;
// Windows has neither flag.
const never = (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0);

/**
 * Opens the file for a download, to read and to append. In a folder where others may write, somebody may have put a
 * link there, or a file that others can read. So anything but a regular file that only this user can access is removed
 * (a link itself, not its target) and created again.
 * @param longest bytes that it may have already; a longer file is truncated to zero
 * @throws errors of the local file system
 */
export async function openPart(
  part: string,
  longest: number,
): Promise<{ readonly handle: FileHandle; readonly bytes: number }> {
  const present = await openPresent(part);
  if (present === undefined) {
    await rm(part, { force: true });
    return { handle: await open(part, O_RDWR | O_APPEND | O_CREAT | O_EXCL | never, 0o600), bytes: 0 };
  }
  const { size } = await present.stat();
  if (size > longest) await present.truncate(0);
  return { handle: present, bytes: size > longest ? 0 : size };
}

async function openPresent(part: string): Promise<FileHandle | undefined> {
  const handle = await open(part, O_RDWR | O_APPEND | never).catch(() => undefined);
  const stats = await handle?.stat();
  if (stats?.isFile() === true && stats.nlink === 1 && isOwn(stats.uid)) return handle;
  await handle?.close();
  return undefined;
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
    throw codedError('FILE_UNWRITABLE', error instanceof Error ? error.message : String(error), {
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
