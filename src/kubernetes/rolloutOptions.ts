import type { WorkloadObject } from './api/types.ts';
import type { Kubectl } from './kubectl.ts';

/** How a rollout is waited for. */
export interface RolloutOptions {
  readonly kubectl: Kubectl;
  /** TYPE/NAME for kubectl. */
  readonly target: string;
  readonly namespace: string;
  /** The workload as the API server stored it with the change. */
  readonly changed: WorkloadObject;
  /** The path of its pod template. */
  readonly path: readonly string[];
  readonly timeoutSeconds: number;
  /** Ends the wait, not the rollout. */
  readonly signal?: AbortSignal | undefined;
  /** Takes one line for people. */
  readonly report: (line: string) => void;
  /** What to do if the rollout fails: one sentence. */
  readonly undo: string;
}
