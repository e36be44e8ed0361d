import type { WorkloadObject } from './api/types.ts';
import type { Kubectl } from './kubectl.ts';

/** What waiting for a rollout needs, and telling why it failed. */
export interface RolloutOptions {
  readonly kubectl: Kubectl;
  /** TYPE/NAME for kubectl. */
  readonly target: string;
  readonly namespace: string;
  /** The workload as the API server stored it with the change. */
  readonly changed: WorkloadObject;
  /** Path of its pod template. */
  readonly path: readonly string[];
  readonly timeoutSeconds: number;
  /** Ends the waiting, not the rollout. */
  readonly signal?: AbortSignal | undefined;
  /** Takes one line for people. */
  readonly report: (line: string) => void;
  /** What to do if it fails, one sentence. */
  readonly undo: string;
}
