import { lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codedError } from '../../errors.ts';
import { fileProblem } from '../../fileProblem.ts';
import { writtenBy } from './scripts/mark.ts';

/** A file as it is now: absent, written by this program, or by another. */
export type Present = { readonly by: 'nobody' | 'another' } | { readonly by: 'this program'; readonly text: string };

/** What was done with a file, or would be. */
export type Done = 'written' | 'updated' | 'unchanged';

/** @throws FILE_UNREADABLE */
export async function presentAt(path: string): Promise<Present> {
  try {
    // A link may lead to a file that others use.
    if (!(await lstat(path)).isFile()) return { by: 'another' };
    const text = await readFile(path, 'utf8');
    return text.split('\n', 3).some((line) => line.includes(writtenBy))
      ? { by: 'this program', text }
      : { by: 'another' };
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
  dryRun: boolean,
): Promise<Done> {
  const present = await presentAt(path);
  if (present.by === 'another') throw notOurs(path);
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
export async function removeScript(path: string, dryRun: boolean): Promise<boolean> {
  const present = await presentAt(path);
  if (present.by === 'nobody') return false;
  if (present.by === 'another') throw notOurs(path);
  if (dryRun) return true;
  try {
    await rm(path);
  } catch (error) {
    throw codedError('FILE_UNWRITABLE', fileProblem(error), { where: path, cause: error });
  }
  return true;
}

function notOurs(path: string): Error {
  return codedError('FILE_EXISTS', 'this file was not written by packet-capture completion, so it stays as it is', {
    where: path,
    hint: 'Move it away, and run the command again.',
  });
}
