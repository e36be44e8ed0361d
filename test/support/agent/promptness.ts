import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * How prompt something is, in milliseconds, without what the machine was late meanwhile: the least of up to ten
 * measurements, until one is below `goal`. The lateness is the slowest of many round trips to another process that does
 * nothing else, in the time of the measurement: the delay of a program that waits itself is longer than that.
 */
export async function leastDelay(goal: number, measure: () => Promise<number>): Promise<number> {
  let least = Infinity;
  for (let tries = 0; tries < 10 && least >= goal; tries += 1) {
    const endOf = followLateness();
    const measured = await measure();
    least = Math.min(least, measured - (await endOf()));
  }
  return least;
}

/** Begins with the round trips. @returns what ends them, and gives the slowest */
function followLateness(): () => Promise<number> {
  const echo = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] });
  const over = new AbortController();
  const slowest = (async () => {
    let most = 0;
    while (!over.signal.aborted) {
      const from = performance.now();
      echo.stdin.write('x');
      await once(echo.stdout, 'data');
      // The first one includes the start of the program.
      if (most > 0) most = Math.max(most, performance.now() - from);
      else most = Number.EPSILON;
      await sleep(5);
    }
    return most;
  })();
  return async () => {
    over.abort();
    const most = await slowest;
    echo.kill('SIGKILL');
    return most;
  };
}
