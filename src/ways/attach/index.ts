export { memoryRoom, podMemoryLimit, type MemoryRoom, type MemoryUse } from './memoryLimit.ts';
export { planAttach, type AttachOptions, type AttachPlan, type Replaced } from './attachPlan.ts';
export { attachReasons, onlyAttachReasons, type AttachReason } from './attachReasons.ts';
