import { setTimeout as sleep } from 'node:timers/promises';

export interface PollOptions {
  readonly everyMs: number;
  readonly timeoutMs: number;
}

/** Asks until the answer is true; false when that did not happen in time. */
export async function pollUntil(ask: () => Promise<boolean>, { everyMs, timeoutMs }: PollOptions): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await ask())) {
    if (performance.now() > deadline) return false;
    await sleep(everyMs);
  }
  return true;
}
