import { lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codedError } from '../../errors.ts';
import { fileProblem } from '../../fileProblem.ts';

/** How a command knows the files that it wrote: by a text in one of their first three lines. */
export interface OwnMark {
  readonly text: string;
  /** `packet-capture completion` */
  readonly command: string;
}

/** A file as it is now: absent, written by this program, or by another. */
export type Present = { readonly by: 'nobody' | 'another' } | { readonly by: 'this program'; readonly text: string };

/** What was done with a file, or would be. */
export type Done = 'written' | 'updated' | 'unchanged';

/** @throws FILE_UNREADABLE */
export async function presentAt(path: string, { text: mark }: OwnMark): Promise<Present> {
  try {
    // A link may lead to a file that others use.
    if (!(await lstat(path)).isFile()) return { by: 'another' };
    const text = await readFile(path, 'utf8');
    return text.split('\n', 3).some((line) => line.includes(mark)) ? { by: 'this program', text } : { by: 'another' };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return { by: 'nobody' };
    throw codedError('FILE_UNREADABLE', fileProblem(error), { where: path, cause: error });
  }
}

/**
 * Writes a script, as a whole or not at all.
 * @throws FILE_EXISTS for a file that this program did not write, FILE_UNREADABLE, FILE_UNWRITABLE
 */
export async function writeScript(
  { path, text, executable }: { readonly path: string; readonly text: string; readonly executable: boolean },
  mark: OwnMark,
  dryRun: boolean,
): Promise<Done> {
  const present = await presentAt(path, mark);
  if (present.by === 'another') throw notOurs(path, mark);
  if (present.by === 'this program' && present.text === text) return 'unchanged';
  const done = present.by === 'nobody' ? 'written' : 'updated';
  if (dryRun) return done;
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, text, { flag: 'wx', mode: executable ? 0o755 : 0o644 });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw codedError('FILE_UNWRITABLE', fileProblem(error), { where: path, cause: error });
  }
  return done;
}

/**
 * Removes a script that this program wrote.
 * @returns whether there was one
 * @throws FILE_EXISTS for a file that this program did not write, FILE_UNREADABLE, FILE_UNWRITABLE
 */
export async function removeScript(path: string, mark: OwnMark, dryRun: boolean): Promise<boolean> {
  const present = await presentAt(path, mark);
  if (present.by === 'nobody') return false;
  if (present.by === 'another') throw notOurs(path, mark);
  if (dryRun) return true;
  try {
    await rm(path);
  } catch (error) {
    throw codedError('FILE_UNWRITABLE', fileProblem(error), { where: path, cause: error });
  }
  return true;
}

function notOurs(path: string, { command }: OwnMark): Error {
  return codedError('FILE_EXISTS', `this file was not written by ${command}, so it stays as it is`, {
    where: path,
    hint: 'Move it away, and run the command again.',
  });
}
