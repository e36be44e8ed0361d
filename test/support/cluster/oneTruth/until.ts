import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until it is so. @throws after 60 s */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await isSo()); await sleep(200)) {
    if (Date.now() > end) throw new Error(`not within 60 s: ${what}`);
  }
}
