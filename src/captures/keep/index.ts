export type { KeepOutcome } from './keepInPod.ts';
export { keepPods, type KeepPodsOptions, type KeepPodsResult, type KeptPod } from './keepPods.ts';
export { watchPods, type WatchedKeep, type WatchOptions, type WatchResult } from './watchPods.ts';
export type { KeepProgress } from './untilEnded.ts';
