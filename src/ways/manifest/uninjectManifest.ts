import { planRemoval } from '../../inject/index.ts';
import type { SidecarConfig } from '../../sidecar/index.ts';
import { deleteAll, type Deletion } from './edits.ts';
import { reportOf, type ManifestReport } from './manifestReport.ts';
import { openManifest, originBehind, readDocuments } from './parseDocument.ts';
import { selectWorkloads, type OtherWorkload, type ReadOptions } from './readOptions.ts';
import { removalDeletions } from './removalDeletions.ts';
import { refuseSealed } from './sealed.ts';
import type { Origin } from './text.ts';

/** What is removed, and from which workloads. */
export interface UninjectManifestOptions extends ReadOptions {
  /** Names the parts of a custom sidecar. The agent's is found by the status in the pod's annotations. */
  readonly config: SidecarConfig;
}

/** A manifest without the sidecar. */
export interface UninjectedManifest {
  readonly text: string;
  readonly reports: readonly ManifestReport[];
  readonly others: readonly OtherWorkload[];
  /** The deletions, by offset of the original. */
  readonly deletions: readonly Deletion[];
  /** The origin of the next text of the same file. */
  readonly behind: Origin;
}

/**
 * The inverse of injectManifest: removes the sidecar from every workload that has it, and restores the bytes that were
 * there before, even if the rest of the text was edited since.
 * @throws YAML_INVALID, YAML_UNSUPPORTED, MANIFEST_INVALID with file, document, line and column
 */
export function uninjectManifest(text: string, options: UninjectManifestOptions): UninjectedManifest {
  const manifest = openManifest(text, options.file, options.origin);
  const reports: ManifestReport[] = [];
  const others: OtherWorkload[] = [];
  const deletions: Deletion[] = [];
  for (const document of readDocuments(manifest)) {
    const workloads = selectWorkloads(document, options);
    others.push(...workloads.others);
    for (const workload of workloads.selected) {
      const plan = planRemoval(workload.template?.value ?? {}, options.config);
      if (plan.remove) {
        refuseSealed(workload);
        deletions.push(...removalDeletions(workload, plan.removal));
      }
      reports.push(reportOf(workload, plan.remove ? 'removed' : 'skipped', plan.remove ? undefined : plan.reason));
    }
  }
  return { text: deleteAll(text, deletions), reports, others, deletions, behind: originBehind(manifest) };
}
