import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { patienceMs } from '../patience.ts';

/**
 * The processes with this mark in their environment that do not end: one that was killed is there for a moment longer.
 * @returns their ids
 */
export async function processesLeft(mark: string): Promise<string[]> {
  for (const end = performance.now() + patienceMs; ; await sleep(50)) {
    const left = await processesWith(mark);
    if (left.length === 0 || performance.now() > end) return left;
  }
}

async function processesWith(mark: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const marked = await Promise.all(
    ids.map(async (id) => (await readFile(`/proc/${id}/environ`, 'utf8').catch(() => '')).includes(mark)),
  );
  return ids.filter((_, index) => marked[index] === true);
}
