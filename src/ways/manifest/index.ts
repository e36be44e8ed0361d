export type { Deletion, Insertion } from './edits.ts';
export { functionOptions, readFunctionConfig, type FunctionConfig } from './functionConfig.ts';
export {
  injectManifest,
  patchManifest,
  type InjectManifestOptions,
  type InjectedManifest,
  type PatchedManifest,
  type WorkloadPatch,
} from './injectManifest.ts';
export { createJsonList, type JsonList } from './jsonList.ts';
export { separateJson } from './jsonStream.ts';
export { createKinds, type Kinds } from './templateKinds.ts';
export { createKustomizePatches, type KustomizePatches } from './kustomizePatches.ts';
export { collectPodSecurity, mayEnforce, type PodSecurityByNamespace } from './manifestPodSecurity.ts';
export { manifestSkipReasons, type ManifestSkipReason } from './manifestSkips.ts';
export { createRenderBlock, type RenderBlock } from './renderBlock.ts';
export type { OtherWorkload, ReadOptions } from './readOptions.ts';
export type { ManifestReport } from './manifestReport.ts';
export { parseSelection, type Selects, type SelectionText } from './selection.ts';
export { behindText } from './parseDocument.ts';
export { fileStart, type Origin } from './text.ts';
export { parseTemplateKind } from './templatePath.ts';
export { unifiedDiff, unifiedDiffOf } from './unifiedDiff.ts';
export { uninjectManifest, type UninjectedManifest, type UninjectManifestOptions } from './uninjectManifest.ts';
