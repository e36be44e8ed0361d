import { setTimeout as sleep } from 'node:timers/promises';
import { patienceMs } from '../patience.ts';

/**
 * Waits until `condition` gives something other than false or undefined, and returns that.
 * @throws when `milliseconds` have passed, naming `what` was waited for and, if told, what there is `instead`.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  { milliseconds = patienceMs, instead = (): unknown => '' } = {},
): Promise<Exclude<T, false | undefined>> {
  const end = performance.now() + milliseconds;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value as Exclude<T, false | undefined>;
    if (performance.now() > end)
      throw new Error(`no ${what} within ${milliseconds} ms; instead: ${JSON.stringify(instead(), null, 1)}`);
    await sleep(20);
  }
}
