import { additionPatch, planInjection, templatePath, type Addition, type InjectPlan, type PatchOperation, type PodSecurityLevel } from '../inject/index.ts';
import type { SettingValues } from '../settings/index.ts';
import type { PodTemplate, SidecarAmounts, SidecarConfig } from '../sidecar/index.ts';
import { insertAll, type Insertion } from './edits.ts';
import { additionInsertions } from './insertion.ts';
import { openManifest, originBehind, readDocuments, type Manifest } from './parse.ts';
import { collectPodSecurity, type PodSecurityByNamespace } from './podSecurity.ts';
import { createRenderBlock, type RenderBlock } from './render.ts';
import { reportOf, type ManifestReport } from './report.ts';
import { selectWorkloads, type OtherWorkload, type ReadOptions } from './readOptions.ts';
import { encryptedReport, refuseSealed } from './sealed.ts';
import type { Origin } from './text.ts';
import type { Workload } from './workload.ts';

export interface InjectManifestOptions extends ReadOptions {
  readonly config: SidecarConfig;
  /** Settings to write into the pods' annotations. */
  readonly settings: SettingValues;
  /** Amounts of the sidecar's CPU and memory to write there too. */
  readonly amounts?: SidecarAmounts | undefined;
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
  readonly others: readonly OtherWorkload[];
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
  const insertions: Insertion[] = [];
  const told = planWorkloads(manifest, options, (workload, addition) => {
    insertions.push(...additionInsertions(workload, addition, render));
  });
  return { ...told, text: insertAll(text, insertions), insertions, behind: originBehind(manifest) };
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
  readonly others: readonly OtherWorkload[];
  readonly behind: Origin;
}

/**
 * As {@link injectManifest}, as one JSON Patch a workload; the text itself is left alone.
 * @throws YAML_INVALID, MANIFEST_INVALID with file, document, line and column
 */
export function patchManifest(text: string, options: InjectManifestOptions): PatchedManifest {
  const manifest = openManifest(text, options.file, options.origin);
  const patches: WorkloadPatch[] = [];
  const told = planWorkloads(manifest, options, (workload, addition) => {
    patches.push({ workload, operations: additionPatch(workload.template?.value ?? {}, addition, workload.path) });
  });
  return { ...told, patches, behind: originBehind(manifest) };
}

type Plan = InjectPlan | { readonly inject: false; readonly reason: 'knative' | 'no_image' };

/** @param add takes what is to be added to a workload, while its document is at hand */
function planWorkloads(
  manifest: Manifest,
  options: InjectManifestOptions,
  add: (workload: Workload, addition: Addition) => void,
): Pick<InjectedManifest, 'reports' | 'others'> {
  const { text, file } = manifest.source;
  const levels = options.podSecurityByNamespace ?? collectPodSecurity(text, file);
  const reports: ManifestReport[] = [];
  const others: OtherWorkload[] = [];
  for (const document of readDocuments(manifest)) {
    const encrypted = options.selects === undefined ? encryptedReport(document) : undefined;
    if (encrypted !== undefined) reports.push(encrypted);
    const workloads = selectWorkloads(document, options);
    others.push(...workloads.others);
    for (const workload of workloads.selected) {
      const plan = planFor(workload, options, levels);
      if (plan.inject) {
        refuseSealed(workload);
        add(workload, plan.addition);
        reports.push(reportOf(workload, 'injected', undefined, plan.leftOut, isUnproven(workload, plan.addition)));
      } else reports.push(reportOf(workload, 'skipped', plan.reason));
    }
  }
  return { reports, others };
}

function planFor(
  { namespace: own, template, place }: Workload,
  options: InjectManifestOptions,
  levels: PodSecurityByNamespace,
): Plan {
  const { config, settings, amounts } = options;
  if (place.imageElsewhere !== true && lacksImage(template?.value)) return { inject: false, reason: 'no_image' };
  const namespace = own ?? options.namespace;
  const podSecurity = options.podSecurity ?? levels.get(namespace ?? '') ?? 'privileged';
  const plan = planInjection(template?.value ?? {}, { config, settings, amounts, podSecurity, namespace });
  // A sidecar of the user's own may be of containers alone.
  return plan.inject && config.form === 'agent' && !place.nativeSidecars ? { inject: false, reason: 'knative' } : plan;
}

/**
 * A custom resource's schema of before Kubernetes 1.28 knows no `restartPolicy` in init containers, and the API server
 * drops what a schema does not know: the sidecar would then be an init container that never ends.
 */
function isUnproven({ apiVersion, kind }: Workload, { initContainers }: Addition): boolean {
  return templatePath(apiVersion, kind) === undefined && initContainers.some(({ restartPolicy }) => restartPolicy === 'Always');
}

/**
 * Whether a template is of a patch, as kustomize has them in files of their own: the rest of it is elsewhere. The API
 * server stores no container without an image.
 */
function lacksImage(template: PodTemplate | undefined): boolean {
  const { containers, initContainers } = template?.spec ?? {};
  return [...(containers ?? []), ...(initContainers ?? [])].some(({ image }) => image == null || image === '');
}
