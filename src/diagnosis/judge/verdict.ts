import type { Condition } from './conditions.ts';
import type { Reason } from './whyReasons.ts';

/**
 * - `injected`: it has the sidecar
 * - `would_be_injected`: a workload without pods, whose next pods will have it
 * - `missed`: a new one would be injected, this one is not
 * - `not_injected`: neither
 * - `broken`: it has it, but not as a native sidecar, or the sidecar cannot start
 * - `refused`: the API server refuses its next pod, because of the sidecar or for another reason
 */
export type State = 'injected' | 'would_be_injected' | 'missed' | 'not_injected' | 'broken' | 'refused';

/** The judgement of a pod or workload, before it is formatted. */
export interface Verdict {
  readonly state: State;
  readonly reason: Reason | null;
  readonly text: string;
  readonly conditions: readonly Condition[];
  /** Replaces the reason's own advice. */
  readonly next?: string | undefined;
}
