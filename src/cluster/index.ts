export type { ChangeOptions, ChangeResult } from './change.ts';
export { makeKubectl, type Kubectl, type KubectlCall, type KubectlConnection, type KubectlOutput } from './kubectl.ts';
export { patchWorkload, unpatchWorkload, type PatchOptions, type UnpatchOptions } from './patch.ts';
export type { RolloutResult } from './rollout.ts';
