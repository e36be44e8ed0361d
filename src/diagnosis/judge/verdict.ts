import type { Condition } from './conditions.ts';
import type { Reason } from './whyReasons.ts';

/**
 * - `injected`: it carries the sidecar
 * - `would_be_injected`: a workload without pods, whose next ones will
 * - `missed`: a new one would be injected, this one is not
 * - `not_injected`: neither
 * - `broken`: it carries it, but not as a native sidecar, or the sidecar cannot start
 * - `refused`: the API server refuses its next pod, because of the sidecar or anyway
 */
export type State = 'injected' | 'would_be_injected' | 'missed' | 'not_injected' | 'broken' | 'refused';

/** What is said of a pod or workload before it is put into words for a screen. */
export interface Verdict {
  readonly state: State;
  readonly reason: Reason | null;
  readonly text: string;
  readonly conditions: readonly Condition[];
  /** Instead of what the reason's own advice is. */
  readonly next?: string | undefined;
}
