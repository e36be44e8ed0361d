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
  /** The user named the sidecar: one that is there is made by it; otherwise settings alone change in it. */
  readonly renew?: boolean | undefined;
  /** Keeps what was rendered from one text to the next. */
  readonly render?: RenderBlock | undefined;
}

export interface InjectedManifest {
  readonly text: string;
  readonly reports: readonly ManifestReport[];
  readonly others: readonly OtherWorkload[];
  /** What was put in, by offset of the original: the text is the original and these, unless something was replaced. */
  readonly insertions: readonly Insertion[];
  /** Whether a sidecar that was there has been replaced. */
  readonly replaces: boolean;
  /** For the text that comes behind this one in the same file. */
  readonly behind: Origin;
}

/**
 * Adds the sidecar to every workload of a manifest (YAML or JSON, one or more documents, lists), and brings settings
 * that are given into one that is there. Apart from the sidecar, the text stays as it is.
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

/** Puts additions into the workloads of a text, which are those that they were planned for, in their order. */
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

/** What is to be done with a workload; without a removal, it carries no sidecar yet. */
interface Change {
  readonly addition: Addition;
  readonly removal?: Removal;
}

/**
 * @param tell takes each workload that is meant, and what is to be done with it if anything, while its document is at
 * hand
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
  // Who has named the sidecar has it already.
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
  // A sidecar of the user's own may be of containers alone.
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
 * A custom resource's schema of before Kubernetes 1.28 knows no `restartPolicy` in init containers, and the API server
 * drops what a schema does not know: the sidecar would then be an init container that never ends.
 */
function isUnproven({ apiVersion, kind }: Workload, { initContainers }: Addition): boolean {
  return (
    templatePath(apiVersion, kind) === undefined &&
    initContainers.some(({ restartPolicy }) => restartPolicy === 'Always')
  );
}

/**
 * Whether a template is of a patch, as kustomize has them in files of their own: the rest of it is elsewhere. The API
 * server stores no container without an image.
 */
function lacksImage(template: PodTemplate | undefined): boolean {
  const { containers, initContainers } = template?.spec ?? {};
  return [...(containers ?? []), ...(initContainers ?? [])].some(({ image }) => image == null || image === '');
}
