export type { ChangeOptions, ChangeResult } from './change.ts';
export {
  makeKubectl,
  makeKubectlStart,
  type Kubectl,
  type KubectlCall,
  type KubectlConnection,
  type KubectlEnd,
  type KubectlOutput,
  type KubectlProcess,
  type KubectlStart,
  type KubectlStartOptions,
} from './kubectl.ts';
export { patchWorkload, unpatchWorkload, type PatchOptions, type UnpatchOptions } from './patch.ts';
export type { RolloutResult } from './rollout.ts';
