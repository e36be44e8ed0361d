import type { Condition } from './conditions.ts';
import type { Reason } from './whyReasons.ts';

/** The states of a pod or workload: one clause each, and the exit code of `why`. */
export const states = {
  injected: { exit: 0, meaning: 'it has the sidecar, or all of its pods have it' },
  would_be_injected: { exit: 0, meaning: 'a workload without pods, whose next pods will have it' },
  missed: { exit: 1, meaning: 'it does not have it; a new one would' },
  not_injected: { exit: 1, meaning: 'it does not have it, and a new one would not' },
  broken: {
    exit: 1,
    meaning: 'it has it as an init container that never ends, or a container of the sidecar cannot start in it',
  },
  refused: {
    exit: 1,
    meaning: 'the API server refuses its next pod, because of the sidecar or for another reason',
  },
} as const satisfies Readonly<Record<string, { readonly exit: 0 | 1; readonly meaning: string }>>;

/** A key of the table, as `why -o json` prints it. */
export type State = keyof typeof states;

/** The judgement of a pod or workload, before it is formatted. */
export interface Verdict {
  readonly state: State;
  readonly reason: Reason | null;
  readonly text: string;
  readonly conditions: readonly Condition[];
  /** Replaces the reason's own advice. */
  readonly next?: string | undefined;
}
