import { planInjection, type InjectPlan, type PodSecurityLevel, type SkipReason } from '../inject/index.ts';
import type { SettingValues } from '../settings/index.ts';
import type { SidecarConfig } from '../sidecar/index.ts';
import { insertAll, type Insertion } from './edits.ts';
import { additionInsertions } from './insertion.ts';
import { parseDocuments } from './parse.ts';
import { collectPodSecurity, type PodSecurityByNamespace } from './podSecurity.ts';
import { createRenderBlock } from './render.ts';
import { workloadsOf, type Workload } from './workload.ts';

export interface InjectManifestOptions {
  readonly config: SidecarConfig;
  /** Settings to write into the pods' annotations. */
  readonly settings: SettingValues;
  /** The text's name for errors. */
  readonly file: string;
  /** Of every namespace; undefined: as the Namespace objects say, and privileged where there is none. */
  readonly podSecurity?: PodSecurityLevel | undefined;
  /** What the Namespace objects say: those of all files together, or undefined to look at those of this text alone. */
  readonly podSecurityByNamespace?: PodSecurityByNamespace | undefined;
  /** Of workloads that name none. */
  readonly namespace?: string | undefined;
}

/** What became of one workload. */
export interface ManifestReport {
  /** Number of its document in the text, from 1. */
  readonly document: number;
  /** Line where the object begins, from 1. */
  readonly line: number;
  readonly kind: string;
  /** `metadata.name`, else `metadata.generateName`, else empty. */
  readonly name: string;
  readonly namespace?: string;
  readonly result: 'injected' | 'removed' | 'skipped';
  /** Of a workload that was skipped. */
  readonly reason?: SkipReason;
}

export interface InjectedManifest {
  readonly text: string;
  readonly reports: readonly ManifestReport[];
  /** What was put in, by offset of the original: the text is the original and these. */
  readonly insertions: readonly Insertion[];
}

/**
 * Adds the sidecar to every workload of a manifest (YAML or JSON, one or more documents, lists). Apart from what is put
 * in, the text stays as it is.
 * @throws YAML_INVALID, YAML_UNSUPPORTED, MANIFEST_INVALID with file, document, line and column
 */
export function injectManifest(text: string, options: InjectManifestOptions): InjectedManifest {
  const levels = options.podSecurityByNamespace ?? collectPodSecurity(text, options.file);
  const render = createRenderBlock();
  const reports: ManifestReport[] = [];
  const insertions: Insertion[] = [];
  for (const document of parseDocuments(text, options.file)) {
    for (const workload of workloadsOf(document)) {
      const plan = planFor(workload, options, levels);
      if (plan.inject) insertions.push(...additionInsertions(workload, plan.addition, render));
      reports.push(reportOf(workload, plan.inject ? 'injected' : 'skipped', plan.inject ? undefined : plan.reason));
    }
  }
  return { text: insertAll(text, insertions), reports, insertions };
}

function planFor(
  { namespace: own, template }: Workload,
  options: InjectManifestOptions,
  levels: PodSecurityByNamespace,
): InjectPlan {
  const { config, settings } = options;
  const namespace = own ?? options.namespace;
  const podSecurity = options.podSecurity ?? levels.get(namespace ?? '') ?? 'privileged';
  return planInjection(template?.value ?? {}, { config, settings, podSecurity, namespace });
}

export function reportOf(
  workload: Workload,
  result: ManifestReport['result'],
  reason: SkipReason | undefined,
): ManifestReport {
  const { document, line, kind, name, namespace } = workload;
  return {
    document: document.number,
    line,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    result,
    ...(reason === undefined ? {} : { reason }),
  };
}
