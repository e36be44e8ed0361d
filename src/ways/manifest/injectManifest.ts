import {
  additionPatch,
  olderSidecar,
  planInjection,
  planUpdate,
  updatePatch,
  type Addition,
  type InjectPlan,
  type PodSecurityLevel,
  type Removal,
  type UpdateOptions,
} from '../../inject/index.ts';
import { templatePath } from '../../kubernetes/api/kinds.ts';
import type { PatchOperation, PodTemplate } from '../../kubernetes/api/types.ts';
import type { SettingValues } from '../../settings/index.ts';
import type { SidecarAmounts, SidecarConfig } from '../../sidecar/index.ts';
import { deleteAll, insertAll, type Deletion, type Insertion } from './edits.ts';
import { additionInsertions } from './insertion.ts';
import { collectPodSecurity, type PodSecurityByNamespace } from './manifestPodSecurity.ts';
import { reportOf, type ManifestReport } from './manifestReport.ts';
import { openManifest, originBehind, readDocuments, type Manifest } from './parseDocument.ts';
import { selectWorkloads, type OtherWorkload, type ReadOptions } from './readOptions.ts';
import { removalDeletions } from './removalDeletions.ts';
import { createRenderBlock, type RenderBlock } from './renderBlock.ts';
import { encryptedReport, refuseSealed } from './sealed.ts';
import type { Origin } from './text.ts';
import type { Workload } from './workloads.ts';

/** What is added to the workloads of a manifest. */
export interface InjectManifestOptions extends ReadOptions {
  readonly config: SidecarConfig;
  /** Settings to write into the pods' annotations. */
  readonly settings: SettingValues;
  /** The sidecar's CPU and memory, which are written there too. */
  readonly amounts?: SidecarAmounts | undefined;
  /** The level of every namespace; undefined: that of its Namespace object, and privileged without one. */
  readonly podSecurity?: PodSecurityLevel | undefined;
  /** The levels of the Namespace objects of all files; undefined: those of this text. */
  readonly podSecurityByNamespace?: PodSecurityByNamespace | undefined;
  /** The namespace of workloads that name none. */
  readonly namespace?: string | undefined;
  /** The user described the sidecar, so an existing one is replaced. Otherwise only its settings change. */
  readonly renew?: boolean | undefined;
  /** Keeps rendered blocks from one text to the next. */
  readonly render?: RenderBlock | undefined;
}

/** A manifest with the sidecar. */
export interface InjectedManifest {
  readonly text: string;
  readonly reports: readonly ManifestReport[];
  readonly others: readonly OtherWorkload[];
  /** The insertions, by offset of the original. The text is the original with these, unless a sidecar was replaced. */
  readonly insertions: readonly Insertion[];
  /** Whether an existing sidecar was replaced. */
  readonly replaces: boolean;
  /** The origin of the next text of the same file. */
  readonly behind: Origin;
}

/**
 * Adds the sidecar to every workload of a manifest (YAML or JSON, one or more documents, lists), and changes the
 * settings of an existing one. The rest of the text is not changed.
 * @throws YAML_INVALID, YAML_UNSUPPORTED, MANIFEST_INVALID with file, document, line and column
 */
export function injectManifest(text: string, options: InjectManifestOptions): InjectedManifest {
  const manifest = openManifest(text, options.file, options.origin);
  const render = options.render ?? createRenderBlock();
  const insertions: Insertion[] = [];
  const deletions: Deletion[] = [];
  const additions: (Addition | undefined)[] = [];
  const reported = planWorkloads(manifest, options, (workload, change) => {
    additions.push(change?.addition);
    if (change?.removal !== undefined) deletions.push(...removalDeletions(workload, change.removal));
    else if (change !== undefined) insertions.push(...additionInsertions(workload, change.addition, render));
  });
  const replaces = deletions.length > 0;
  const after = replaces
    ? insertAnew(deleteAll(text, deletions), options, additions, render)
    : insertAll(text, insertions);
  return { ...reported, text: after, insertions, replaces, behind: originBehind(manifest) };
}

/** The JSON Patch that changes a workload as `injectManifest` does. */
export interface WorkloadPatch {
  readonly workload: Workload;
  /** The paths begin at the object. */
  readonly operations: readonly PatchOperation[];
}

/** The patches for the workloads of a manifest. */
export interface PatchedManifest {
  readonly patches: readonly WorkloadPatch[];
  readonly reports: readonly ManifestReport[];
  readonly others: readonly OtherWorkload[];
  readonly behind: Origin;
}

/**
 * The same as {@link injectManifest}, as one JSON Patch for each workload. The text is not changed.
 * @throws YAML_INVALID, MANIFEST_INVALID with file, document, line and column
 */
export function patchManifest(text: string, options: InjectManifestOptions): PatchedManifest {
  const manifest = openManifest(text, options.file, options.origin);
  const patches: WorkloadPatch[] = [];
  const reported = planWorkloads(manifest, options, (workload, change) => {
    if (change === undefined) return;
    const template = workload.template?.value ?? {};
    const { removal, addition } = change;
    const operations =
      removal === undefined
        ? additionPatch(template, addition, workload.path)
        : updatePatch(template, { removal, addition }, workload.path);
    patches.push({ workload, operations });
  });
  return { ...reported, patches, behind: originBehind(manifest) };
}

type Plan =
  | (InjectPlan & { readonly removal?: Removal })
  | { readonly inject: false; readonly reason: 'knative' | 'no_image' };

/** Inserts additions into the workloads of a text: the same workloads, in the same order, as when they were planned. */
function insertAnew(
  text: string,
  options: InjectManifestOptions,
  additions: readonly (Addition | undefined)[],
  render: RenderBlock,
): string {
  const insertions: Insertion[] = [];
  let index = 0;
  for (const document of readDocuments(openManifest(text, options.file, options.origin))) {
    for (const workload of selectWorkloads(document, options).selected) {
      const addition = additions[index];
      index += 1;
      if (addition !== undefined) insertions.push(...additionInsertions(workload, addition, render));
    }
  }
  return insertAll(text, insertions);
}

/** The change of a workload; without a removal it has no sidecar yet. */
interface Change {
  readonly addition: Addition;
  readonly removal?: Removal;
}

/**
 * Plans the change of each selected workload.
 * @param tell is called with each of them, and with its change if there is one, while its document is in memory
 */
function planWorkloads(
  manifest: Manifest,
  options: InjectManifestOptions,
  tell: (workload: Workload, change: Change | undefined) => void,
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
      if (plan.inject) refuseSealed(workload);
      tell(workload, plan.inject ? plan : undefined);
      reports.push(reportOfPlan(workload, plan, options.renew === true));
    }
  }
  return { reports, others };
}

function reportOfPlan(workload: Workload, plan: Plan, renew: boolean): ManifestReport {
  const template = workload.template?.value ?? {};
  // The user described the sidecar, and the workload has exactly this one.
  if (!plan.inject)
    return reportOf(
      workload,
      'skipped',
      plan.reason,
      plan.reason === 'already_injected' && !renew ? { older: olderSidecar(template, undefined) } : {},
    );
  const result = plan.removal === undefined ? 'injected' : 'updated';
  const older = plan.removal === undefined ? undefined : olderSidecar(template, plan);
  return reportOf(workload, result, undefined, {
    leftOut: plan.leftOut,
    older,
    isUnproven: isUnproven(workload, plan.addition),
  });
}

function planFor(workload: Workload, options: InjectManifestOptions, levels: PodSecurityByNamespace): Plan {
  const { template, place } = workload;
  if (place.imageElsewhere !== true && lacksImage(template?.value)) return { inject: false, reason: 'no_image' };
  const given = planOptions(workload, options, levels);
  const plan = planInjection(template?.value ?? {}, given);
  if (template !== undefined && !plan.inject && plan.reason === 'already_injected')
    return updateFor(template.value, given);
  // A custom sidecar may consist of containers only.
  return plan.inject && options.config.form === 'agent' && !place.nativeSidecars
    ? { inject: false, reason: 'knative' }
    : plan;
}

function planOptions(
  { namespace: own }: Workload,
  options: InjectManifestOptions,
  levels: PodSecurityByNamespace,
): UpdateOptions {
  const { config, settings, amounts, renew = false } = options;
  const namespace = own ?? options.namespace;
  const podSecurity = options.podSecurity ?? levels.get(namespace ?? '') ?? 'privileged';
  return { config, settings, amounts, podSecurity, namespace, renew };
}

function updateFor(template: PodTemplate, options: UpdateOptions): Plan {
  const plan = planUpdate(template, options);
  if (!plan.update) return { inject: false, reason: plan.reason };
  const { removal, addition, leftOut } = plan;
  return { inject: true, removal, addition, leftOut };
}

/**
 * A custom resource whose schema is older than Kubernetes 1.28 has no `restartPolicy` in init containers, and the API
 * server drops unknown fields. The sidecar would then be an init container that never ends.
 */
function isUnproven({ apiVersion, kind }: Workload, { initContainers }: Addition): boolean {
  return (
    templatePath(apiVersion, kind) === undefined &&
    initContainers.some(({ restartPolicy }) => restartPolicy === 'Always')
  );
}

/**
 * Whether the template is part of a patch of kustomize, so that the rest of it is in another file. The API server
 * stores no container without an image.
 */
function lacksImage(template: PodTemplate | undefined): boolean {
  const { containers, initContainers } = template?.spec ?? {};
  return [...(containers ?? []), ...(initContainers ?? [])].some(({ image }) => image == null || image === '');
}
