import type { CapturedPod, PodName } from '../findPods.ts';

/** Tracks pods whose capture has not begun, and of which nothing was reported yet. */
export interface Unbegun {
  /** Takes the present pods: later ones are added, and those that went are forgotten. */
  update(captured: readonly CapturedPod[]): void;
  /** Forgets a pod for good: its capture has begun, or it was reported why it has not. */
  settle(pod: CapturedPod): void;
  /** How many of them were there, with a running agent, at the first update. */
  ofTheFirst(): number;
  pods(): readonly PodName[];
}

/** Without pods, until the first update. */
export function createUnbegun(): Unbegun {
  let first: ReadonlySet<string> | undefined;
  let present: readonly CapturedPod[] = [];
  const settled = new Set<string>();
  const unbegun = (): CapturedPod[] => present.filter(({ uid, deleting }) => !deleting && !settled.has(uid));
  return {
    update(captured) {
      first ??= new Set(captured.filter(({ ready }) => ready).map(({ uid }) => uid));
      present = captured;
    },
    settle: ({ uid }) => void settled.add(uid),
    ofTheFirst: () => unbegun().filter(({ uid }) => first?.has(uid) === true).length,
    pods: unbegun,
  };
}
