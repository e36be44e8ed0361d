import { open, rename, rm } from 'node:fs/promises';
import { codedError, isCodedError } from '../../errors.ts';
import { fileProblem } from '../../fileProblem.ts';
import { ownName } from './partFile.ts';

/**
 * Writes a file that only this user can access. It is replaced as a whole or not at all.
 * @returns its size in bytes
 * @throws FILE_UNWRITABLE; and what `pieces` throws with a code
 */
export async function writeWhole(target: string, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  const temporary = `${ownName(target)}.tmp`;
  let bytes = 0;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      for await (const piece of pieces) {
        await handle.appendFile(piece);
        bytes += piece.length;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    if (isCodedError(error)) throw error;
    throw codedError('FILE_UNWRITABLE', fileProblem(error), {
      where: target,
      cause: error,
    });
  }
  return bytes;
}
