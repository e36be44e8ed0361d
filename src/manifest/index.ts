export type { Deletion, Insertion } from './edits.ts';
export { functionOptions, readFunctionConfig, type FunctionConfig } from './functionConfig.ts';
export {
  injectManifest,
  patchManifest,
  type InjectManifestOptions,
  type InjectedManifest,
  type PatchedManifest,
  type WorkloadPatch,
} from './inject.ts';
export { createJsonList, type JsonList } from './jsonList.ts';
export { createKinds, type Kinds } from './kinds.ts';
export { createKustomizePatches, type KustomizePatches } from './kustomizePatches.ts';
export { collectPodSecurity, mayEnforce, type PodSecurityByNamespace } from './podSecurity.ts';
export { manifestSkipReasons, type ManifestSkipReason } from './reasons.ts';
export { createRenderBlock, type RenderBlock } from './render.ts';
export type { OtherWorkload, ReadOptions } from './readOptions.ts';
export type { ManifestReport } from './report.ts';
export { parseSelection, type Selects, type SelectionText } from './selection.ts';
export { behindText } from './parse.ts';
export { fileStart, type Origin } from './text.ts';
export { parseTemplateKind } from './templatePath.ts';
export { unifiedDiff, unifiedDiffOf } from './unifiedDiff.ts';
export { uninjectManifest, type UninjectedManifest, type UninjectManifestOptions } from './uninject.ts';
