import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * TMPDIR of the unit tests. The program deletes its private files when its process ends, but the threads of these tests
 * are terminated, so nothing runs at their end.
 */
export const temporaryFolder = join(tmpdir(), `packet-capture-unit-${process.pid}`);

/** Makes the folder before the tests, and removes it, with what is in it, after them. */
export default async function setup(): Promise<() => Promise<void>> {
  await mkdir(temporaryFolder, { recursive: true, mode: 0o700 });
  return async () => rm(temporaryFolder, { recursive: true, force: true });
}
