export { askForPod, type Answer } from './ask.ts';
export { agentContainers, podOf, refusingSidecar } from './manifest.ts';
export type { NoAnswer, Refusal, Refuser } from './refusal.ts';
export type { Remedy } from './remedy.ts';
export { dryRunPods, type PodDryRun, type PodVerdict, type RefusedPods } from './verdict.ts';
