import { benchCapture } from './agent/capture.ts';
import { benchSidecar } from './agent/sidecar.ts';
import type { BenchOptions, Figure } from './figure.ts';

/** What the agent costs in a pod, and what it captures without a loss. */
export async function benchAgent(options: BenchOptions): Promise<Figure[]> {
  return [...(await benchSidecar(options)), ...(await benchCapture(options))];
}
