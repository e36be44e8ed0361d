import { readdir, readFile } from 'node:fs/promises';

/** The process ids of a process' children, whichever of its threads has started them; none when it has ended. */
export async function childrenOf(pid: number | undefined): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const texts = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  return texts
    .flatMap((text) => text.trim().split(' '))
    .filter((child) => child !== '')
    .map(Number);
}
