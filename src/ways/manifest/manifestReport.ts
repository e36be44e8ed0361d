import type { LeftOut, Older } from '../../inject/index.ts';
import type { ManifestSkipReason } from './manifestSkips.ts';
import type { Workload } from './workloads.ts';

/** What became of one workload. */
export interface ManifestReport {
  /** Number of its document in the file, from 1. */
  readonly document: number;
  /** Line where the object begins in the file, from 1. */
  readonly line: number;
  readonly kind: string;
  /** `metadata.name`, else `metadata.generateName`, else empty. */
  readonly name: string;
  readonly namespace?: string;
  /** From the object to the pod template, when the object has several: `spec.groups[0].template`. */
  readonly path?: string;
  readonly result: 'injected' | 'updated' | 'removed' | 'skipped';
  /** Of a workload that was skipped. */
  readonly reason?: ManifestSkipReason;
  /** What one that was injected asks for and cannot have. */
  readonly leftOut?: readonly LeftOut[];
  /** Of one that carried a sidecar of an older version. */
  readonly older?: Older;
  /**
   * The kind of one that was injected, `Rollout (argoproj.io/v1alpha1)`, when its schema is not Kubernetes' own: nobody
   * can tell offline whether it keeps the `restartPolicy` of init containers.
   */
  readonly schemaOf?: string;
}

export interface ReportNotes {
  readonly leftOut?: readonly LeftOut[] | undefined;
  readonly older?: Older | undefined;
  readonly isUnproven?: boolean;
}

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
