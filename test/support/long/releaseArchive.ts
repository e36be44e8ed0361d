import { mkdir } from 'node:fs/promises';
import { execa } from 'execa';

/** Unpacks a .tar.gz as a user does. */
export async function unpack(archive: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await execa('tar', ['-xzf', archive, '-C', folder]);
}
