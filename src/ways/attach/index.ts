export { planAttach, type AttachOptions, type AttachPlan, type Replaced } from './plan.ts';
export { attachReasons, onlyAttachReasons, type AttachReason } from './reasons.ts';
