import type { CapturedPod } from '../findPods.ts';
import type { StreamEvent } from './streamEvents.ts';

/** Tracks pods that are not captured because of the limit. */
export interface LeftOut {
  /** Takes the present list, and reports the new ones. */
  update(pods: readonly CapturedPod[]): void;
  /** The list of the last update. */
  count(): number;
}

/** @param onEvent gets `left_out` with the pods that were not left out in the update before */
export function createLeftOut(onEvent: (event: StreamEvent) => void): LeftOut {
  let known: ReadonlySet<string> = new Set();
  return {
    update(pods) {
      const added = pods.filter(({ uid }) => !known.has(uid));
      known = new Set(pods.map(({ uid }) => uid));
      if (added.length > 0) onEvent({ type: 'left_out', pods: added });
    },
    count: () => known.size,
  };
}
