import { chmod, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { codedError } from '../../errors.ts';
import { fileProblem } from '../../fileProblem.ts';

/**
 * Replaces a file as a whole or not at all: a reader sees the old or the new text, even when the disk becomes full.
 * Links are followed, and the mode is kept.
 * @throws FILE_UNWRITABLE
 */
export async function replaceFile(file: string, text: string | AsyncIterable<Buffer>): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await realpath(file);
    const { mode } = await stat(target);
    // In the folder of the target, because a rename is atomic only within a file system.
    temporary = `${target}.${process.pid}.tmp`;
    await writeFile(temporary, text, { flag: 'wx', mode });
    await chmod(temporary, mode);
    await rename(temporary, target);
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true });
    throw codedError('FILE_UNWRITABLE', fileProblem(error), {
      where: file,
      cause: error,
    });
  }
}
