export { additionPatch, jsonPointer, removalPatch, type PatchOperation } from './jsonPatch.ts';
export { customKinds, groupOf, templatePath, workloadKinds, type TemplateKind } from './kinds.ts';
export type { Addition } from './addition.ts';
export { withAddition, withoutRemoved } from './applied.ts';
export { planInjection, systemNamespaces, type InjectOptions, type InjectPlan, type PodSecurityLevel } from './plan.ts';
export { isGuaranteed } from './qos.ts';
export { exceedsBaseline, podSecurityLabel } from './podSecurity.ts';
export { leftOutReasons, skipReasons, type LeftOut, type SkipReason } from './reasons.ts';
export { planRemoval, type Removal, type RemovalPlan } from './removal.ts';
