export { olderSidecar, olderText, type Older } from './age.ts';
export { additionPatch, jsonPointer, removalPatch } from './templatePatch.ts';
export type { Addition } from './addition.ts';
export { withAddition, withoutRemoved } from './applied.ts';
export { exceedsBaseline } from './exceedsBaseline.ts';
export { inFrontOf, localVolumesAnnotation, ourLocalVolumes, withoutOurs } from './evictable.ts';
export { inheritedSecurity } from './inherited.ts';
export { planInjection, whyUnfit, type InjectOptions, type InjectPlan } from './plan.ts';
export { isGuaranteed } from './qos.ts';
export { levelTerms, podSecurityLabel, podSecurityLevel, type PodSecurityLevel } from './podSecurityLevel.ts';
export { leftOutReasons, skipReasons, type LeftOut, type SkipReason } from './reasons.ts';
export { planRemoval, type Removal, type RemovalPlan } from './removal.ts';
export { planUpdate, updatePatch, type Update, type UpdateOptions, type UpdatePlan } from './update.ts';
export { seesCiphertextAlone } from './notes.ts';
export {
  injectingWays,
  levelRows,
  optInRowOf,
  optInRows,
  skipOrder,
  truthTableMarkdown,
  type InjectingWay,
} from './truthTable.ts';
