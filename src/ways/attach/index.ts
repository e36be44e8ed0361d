export { planAttach, type AttachOptions, type AttachPlan, type Replaced } from './attachPlan.ts';
export { attachReasons, onlyAttachReasons, type AttachReason } from './attachReasons.ts';
