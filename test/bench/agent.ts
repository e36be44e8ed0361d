import { benchCapture } from './agent/capture.ts';
import { benchSidecar } from './agent/sidecar.ts';
import type { Figure } from './figure.ts';

/** What the agent costs in a pod, and what it captures without a loss. */
export async function benchAgent(): Promise<Figure[]> {
  return [...(await benchSidecar()), ...(await benchCapture())];
}
