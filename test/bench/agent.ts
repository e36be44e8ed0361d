import type { BenchOptions, Findings } from '../support/bench/figure.ts';
import { benchCapture } from './agent/capture.ts';
import { benchSidecar } from './agent/sidecar.ts';

/** What the agent costs in a pod, and what it captures without a loss. */
export async function benchAgent(options: BenchOptions): Promise<Findings> {
  const sidecar = await benchSidecar(options);
  const { figures, plots } = await benchCapture(options);
  return { figures: [...sidecar, ...figures], plots };
}
