export type { Deletion, Insertion } from './edits.ts';
export { injectManifest, type InjectManifestOptions, type InjectedManifest, type ManifestReport } from './inject.ts';
export { collectPodSecurity, type PodSecurityByNamespace } from './podSecurity.ts';
export { uninjectManifest, type UninjectedManifest, type UninjectManifestOptions } from './uninject.ts';
