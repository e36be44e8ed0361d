import { readFile } from 'node:fs/promises';

/** The process ids of a process' children; none when it has ended. */
export async function childrenOf(pid: number | undefined): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text
    .trim()
    .split(' ')
    .filter((child) => child !== '')
    .map(Number);
}
