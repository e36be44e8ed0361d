import type { CapturedPod } from '../pods.ts';
import type { StreamEvent } from './streamEvents.ts';

/** Which pods have no place among those that are captured. */
export interface LeftOut {
  /** Those as they are now; the new ones among them are reported. */
  update(pods: readonly CapturedPod[]): void;
  /** As of the last update. */
  count(): number;
}

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
