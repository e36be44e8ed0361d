export { attachPods, type AttachPodsOptions, type AttachPodsResult } from './attachPods.ts';
export { endedWhenTold, withAttachedAgain } from './attachAgain.ts';
export { laterPods } from './laterPods.ts';
export { failedToAttach, nothingAttached, type AttachedPod, type Attacher, type AttacherOptions } from './attacher.ts';
