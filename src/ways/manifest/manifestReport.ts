import type { LeftOut, Older } from '../../inject/index.ts';
import type { ManifestSkipReason } from './manifestSkips.ts';
import type { Workload } from './workloads.ts';

/** What was done with one workload. */
export interface ManifestReport {
  /** The number of its document in the file, from 1. */
  readonly document: number;
  /** The line in the file where the object begins, from 1. */
  readonly line: number;
  readonly kind: string;
  /** `metadata.name`, else `metadata.generateName`, else empty. */
  readonly name: string;
  readonly namespace?: string;
  /** The path of the pod template, if the object has several: `spec.groups[0].template`. */
  readonly path?: string;
  readonly result: 'injected' | 'updated' | 'removed' | 'skipped';
  /** Why it was skipped. */
  readonly reason?: ManifestSkipReason;
  /** What it asks for and cannot have. */
  readonly leftOut?: readonly LeftOut[];
  /** If it had a sidecar of an older version. */
  readonly older?: Older;
  /**
   * Its kind if it is a custom one, `Rollout (argoproj.io/v1alpha1)`: whether the schema of this kind has the
   * `restartPolicy` of init containers is known only in the cluster.
   */
  readonly schemaOf?: string;
}

/** The optional parts of a report. */
export interface ReportNotes {
  readonly leftOut?: readonly LeftOut[] | undefined;
  readonly older?: Older | undefined;
  readonly isUnproven?: boolean;
}

/** The report about a workload. */
export function reportOf(
  workload: Workload,
  result: ManifestReport['result'],
  reason: ManifestSkipReason | undefined,
  { leftOut, older, isUnproven = false }: ReportNotes = {},
): ManifestReport {
  const { apiVersion, document, line, kind, name, namespace, path, oneOfSeveral } = workload;
  return {
    document: document.number,
    line,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(oneOfSeveral ? { path: pathText(path) } : {}),
    result,
    ...(reason === undefined ? {} : { reason }),
    ...(leftOut === undefined ? {} : { leftOut }),
    ...(older === undefined ? {} : { older }),
    ...(isUnproven ? { schemaOf: `${kind} (${apiVersion})` } : {}),
  };
}

function pathText(path: readonly (string | number)[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}
