import { setTimeout as sleep } from 'node:timers/promises';
import { call, keepAliveAgent } from './client.ts';
import { bodyOf, podOf } from './samples.ts';

/** How the reviews of others fared. */
export interface StreamResult {
  readonly answered: number;
  /** What came instead of a patch, without doubles. */
  readonly failures: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

/**
 * Sends reviews as an API server does, one each `everyMs`, over a few connections that it keeps and now and then over a
 * new one, until it is ended.
 * @returns what ends it
 */
export function startStream(port: number, ca: string, everyMs = 20): () => Promise<StreamResult> {
  const agent = keepAliveAgent(ca, 4);
  const body = bodyOf(podOf());
  const times: number[] = [];
  const failures: string[] = [];
  const waiting = new Set<Promise<void>>();
  const ended = new AbortController();
  const one = async (fresh: boolean): Promise<void> => {
    const from = performance.now();
    try {
      const { status, text } = await call(port, ca, { body, ...(fresh ? {} : { agent }) });
      if (status !== 200 || !text.includes('"patch"')) failures.push(`HTTP ${status}`);
    } catch (error) {
      failures.push(`${fresh ? 'new' : 'kept'} connection: ${String(error)}`);
    }
    times.push(performance.now() - from);
  };
  const run = async (): Promise<void> => {
    for (let index = 0; !ended.signal.aborted; index += 1) {
      const review = one(index % 5 === 0);
      waiting.add(review);
      void review.then(() => waiting.delete(review));
      await sleep(everyMs);
    }
  };
  const running = run();
  return async () => {
    ended.abort();
    await running;
    await Promise.all(waiting);
    agent.destroy();
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number): number =>
      Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
    return {
      answered: times.length - failures.length,
      failures: [...new Set(failures)],
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      mostMs: at(1),
    };
  };
}
