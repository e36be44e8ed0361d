import { access, constants, lstat, open, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve as absolute } from 'node:path';
import { codedError, type CodedError } from '../../errors.ts';
import { fileProblem } from '../../fileProblem.ts';

/** Where a stream goes. The next `write` must wait for the one before. */
export interface StreamOutput {
  /** Resolves when the bytes are written. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Standard output for `-`, or a file, which is created or replaced at the first write.
 * @throws USAGE for a terminal, FILE_EXISTS, FILE_UNWRITABLE for a folder, or one that does not exist or takes no files
 */
export async function openStreamOutput(file: string, force: boolean): Promise<StreamOutput> {
  if (file === '-') return standardOutput();
  await checkNoFolder(file);
  const present = await isThere(file);
  if (present && !force) throw codedError('FILE_EXISTS', 'the file exists', { where: file });
  if (!present) await checkFolder(file);
  let handle: FileHandle | undefined;
  return {
    write: async (bytes) => {
      handle ??= await openFile(file, force);
      await handle.appendFile(bytes);
    },
    close: async () => {
      await handle?.close();
    },
  };
}

/**
 * With `force` an existing file is removed and a new one created, so that a link of another user is not followed and
 * nobody has it open. A pipe or a device (`/dev/stdout`, `/dev/fd/63` of a shell) is written to.
 */
async function openFile(file: string, force: boolean): Promise<FileHandle> {
  if (force && (await isReplaceable(file))) await rm(file, { force: true });
  else if (force) return open(file, 'w', 0o600);
  return open(file, 'wx', 0o600);
}

async function isReplaceable(file: string): Promise<boolean> {
  const [own, meant] = await Promise.all([lstat(file).catch(() => undefined), stat(file).catch(() => undefined)]);
  return own === undefined || own.isFile() || (own.isSymbolicLink() && meant?.isFile() !== false);
}

/** @throws FILE_UNWRITABLE when a file is wanted and this is a folder */
export async function checkNoFolder(file: string): Promise<void> {
  if ((await kindOf(file)) !== 'folder') return;
  throw codedError('FILE_UNWRITABLE', 'it is a folder, and the name of a file is wanted', {
    where: file,
    hint: `Name a file in it, for example ${join(file, 'capture.pcapng')}; nothing was written.`,
  });
}

/** @throws FILE_UNWRITABLE when a folder is wanted, which may not exist yet, and this or one above it is a file */
export async function checkNoFile(folder: string): Promise<void> {
  let place = absolute(folder);
  while ((await kindOf(place)) === undefined && place !== dirname(place)) place = dirname(place);
  if ((await kindOf(place)) !== 'other') return;
  throw codedError('FILE_UNWRITABLE', 'it is a file, and the name of a folder is wanted', {
    where: place === absolute(folder) ? folder : place,
    hint: 'Name another folder; nothing was written.',
  });
}

/** What is at a path, or where a link leads; undefined when nothing is. */
async function kindOf(path: string): Promise<'folder' | 'other' | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return undefined;
  return stats.isDirectory() ? 'folder' : 'other';
}

/** @throws FILE_UNWRITABLE when the folder of this file does not exist, or takes no files from this user */
export async function checkFolder(file: string): Promise<void> {
  try {
    await access(dirname(file), constants.W_OK);
  } catch (error) {
    throw unwritable(error, file);
  }
}

/** Whether something has this name, a link that leads nowhere too. */
export async function isThere(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

/** The error for an output that cannot be written. @param where the file as the user named it */
export function unwritable(error: unknown, where: string): CodedError {
  return codedError('FILE_UNWRITABLE', fileProblem(error), { where, cause: error });
}

function standardOutput(): StreamOutput {
  const { stdout } = process;
  if (stdout.isTTY) {
    throw codedError('USAGE', 'packets cannot be written to a terminal', {
      hint: 'Add `| wireshark -k -i -`, or name a file with -o.',
    });
  }
  // Ignored here, because each failure is also passed to its own write.
  stdout.on('error', () => {});
  return {
    write: async (bytes) =>
      new Promise((resolve, reject) => {
        stdout.write(bytes, (error) => {
          if (error == null) resolve();
          else reject(error);
        });
      }),
    close: async () => {},
  };
}
