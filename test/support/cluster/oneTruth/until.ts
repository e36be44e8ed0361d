import { setTimeout as sleep } from 'node:timers/promises';
import { patienceMs } from '../../patience.ts';

/** Asks until it is so. @throws when it is not for too long */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + patienceMs; !(await isSo()); await sleep(200)) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
  }
}
