export { askForPod, type Answer } from './ask.ts';
export { agentContainers, podOf, refusingSidecar } from './podManifest.ts';
export type { NoAnswer, Refusal, Refuser } from './podRefusal.ts';
export type { Remedy } from './remedy.ts';
export { dryRunPods, type PodDryRun, type PodVerdict, type RefusedPods } from './podVerdict.ts';
