import { additionPatch, planInjection, type InjectPlan, type PatchOperation, type PodSecurityLevel } from '../inject/index.ts';
import type { SettingValues } from '../settings/index.ts';
import type { SidecarConfig } from '../sidecar/index.ts';
import { insertAll, type Insertion } from './edits.ts';
import { additionInsertions } from './insertion.ts';
import { openManifest, originBehind, readDocuments, type Manifest } from './parse.ts';
import { collectPodSecurity, type PodSecurityByNamespace } from './podSecurity.ts';
import { createRenderBlock, type RenderBlock } from './render.ts';
import { reportOf, type ManifestReport } from './report.ts';
import { isSelected, type ReadOptions } from './readOptions.ts';
import type { Origin } from './text.ts';
import { workloadsOf, type Workload } from './workload.ts';

export interface InjectManifestOptions extends ReadOptions {
  readonly config: SidecarConfig;
  /** Settings to write into the pods' annotations. */
  readonly settings: SettingValues;
  /** Of every namespace; undefined: as the Namespace objects say, and privileged where there is none. */
  readonly podSecurity?: PodSecurityLevel | undefined;
  /** What the Namespace objects say: those of all files together, or undefined to look at those of this text alone. */
  readonly podSecurityByNamespace?: PodSecurityByNamespace | undefined;
  /** Of workloads that name none. */
  readonly namespace?: string | undefined;
  /** Keeps what was rendered from one text to the next. */
  readonly render?: RenderBlock | undefined;
}

export interface InjectedManifest {
  readonly text: string;
  readonly reports: readonly ManifestReport[];
  /** What was put in, by offset of the original: the text is the original and these. */
  readonly insertions: readonly Insertion[];
  /** For the text that comes behind this one in the same file. */
  readonly behind: Origin;
}

/**
 * Adds the sidecar to every workload of a manifest (YAML or JSON, one or more documents, lists). Apart from what is put
 * in, the text stays as it is.
 * @throws YAML_INVALID, YAML_UNSUPPORTED, MANIFEST_INVALID with file, document, line and column
 */
export function injectManifest(text: string, options: InjectManifestOptions): InjectedManifest {
  const manifest = openManifest(text, options.file, options.origin);
  const render = options.render ?? createRenderBlock();
  const reports: ManifestReport[] = [];
  const insertions: Insertion[] = [];
  for (const { workload, plan } of plannedWorkloads(manifest, options)) {
    if (plan.inject) insertions.push(...additionInsertions(workload, plan.addition, render));
    reports.push(plan.inject ? reportOf(workload, 'injected', undefined, plan.leftOut) : reportOf(workload, 'skipped', plan.reason));
  }
  return { text: insertAll(text, insertions), reports, insertions, behind: originBehind(manifest) };
}

/** What makes one workload what `injectManifest` would make of it. */
export interface WorkloadPatch {
  readonly workload: Workload;
  /** With paths from the object's root. */
  readonly operations: readonly PatchOperation[];
}

export interface PatchedManifest {
  readonly patches: readonly WorkloadPatch[];
  readonly reports: readonly ManifestReport[];
  readonly behind: Origin;
}

/**
 * As {@link injectManifest}, as one JSON Patch a workload; the text itself is left alone.
 * @throws YAML_INVALID, MANIFEST_INVALID with file, document, line and column
 */
export function patchManifest(text: string, options: InjectManifestOptions): PatchedManifest {
  const manifest = openManifest(text, options.file, options.origin);
  const patches: WorkloadPatch[] = [];
  const reports: ManifestReport[] = [];
  for (const { workload, plan } of plannedWorkloads(manifest, options)) {
    if (plan.inject) {
      const operations = additionPatch(workload.template?.value ?? {}, plan.addition, workload.place.path);
      patches.push({ workload, operations });
    }
    reports.push(plan.inject ? reportOf(workload, 'injected', undefined, plan.leftOut) : reportOf(workload, 'skipped', plan.reason));
  }
  return { patches, reports, behind: originBehind(manifest) };
}

type Plan = InjectPlan | { readonly inject: false; readonly reason: 'knative' };

function* plannedWorkloads(
  manifest: Manifest,
  options: InjectManifestOptions,
): Generator<{ readonly workload: Workload; readonly plan: Plan }> {
  const { text, file } = manifest.source;
  const levels = options.podSecurityByNamespace ?? collectPodSecurity(text, file);
  for (const document of readDocuments(manifest)) {
    for (const workload of workloadsOf(document, options.kinds)) {
      if (isSelected(workload, options)) yield { workload, plan: planFor(workload, options, levels) };
    }
  }
}

function planFor(
  { namespace: own, template, place }: Workload,
  options: InjectManifestOptions,
  levels: PodSecurityByNamespace,
): Plan {
  const { config, settings } = options;
  const namespace = own ?? options.namespace;
  const podSecurity = options.podSecurity ?? levels.get(namespace ?? '') ?? 'privileged';
  const plan = planInjection(template?.value ?? {}, { config, settings, podSecurity, namespace });
  // A sidecar of the user's own may be of containers alone.
  return plan.inject && config.form === 'agent' && !place.nativeSidecars ? { inject: false, reason: 'knative' } : plan;
}
