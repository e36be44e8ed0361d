import { checkPodsWithout } from '../../dryRun/podCheck.ts';
import { planRemoval, removalPatch } from '../../inject/index.ts';
import { objectName } from '../../kubernetes/api/types.ts';
import type { Workload } from '../../kubernetes/workload.ts';
import { shell } from '../../shell.ts';
import type { SidecarConfig } from '../../sidecar/index.ts';
import { changeWorkload, type ChangeDecision, type ChangeOptions, type ChangeResult } from './changeWorkload.ts';

/** What is removed, and how. */
export interface RemoveSidecarOptions extends ChangeOptions {
  /**
   * The sidecar to remove. The agent's is found by the status annotation of the pod template, a custom one by its
   * containers and volumes in this configuration.
   */
  readonly config: SidecarConfig;
}

/**
 * Removes the sidecar from the pod template of a workload in the cluster, so that the spec is again as before
 * `addSidecar`. Without a sidecar it changes nothing.
 * @throws USAGE, KIND_UNSUPPORTED, NOT_INJECTABLE, CONFLICT, ROLLOUT_FAILED and as {@link Kubectl}
 */
export async function removeSidecar(options: RemoveSidecarOptions): Promise<ChangeResult> {
  return changeWorkload(options, {
    result: 'unpatched',
    decide: async (workload) => decideRemoval(options, workload),
    undo: ({ object, namespace }) =>
      `The sidecar is removed from the pod template. Look at the pods: ${shell`kubectl describe ${objectName(object)} --namespace ${namespace}`}.`,
  });
}

function decideRemoval({ kubectl, config, force = false }: RemoveSidecarOptions, workload: Workload): ChangeDecision {
  const { template, path } = workload;
  const plan = planRemoval(template, config);
  if (!plan.remove) return { change: false, reason: plan.reason, warnings: [] };
  return {
    change: true,
    warnings: [],
    operations: removalPatch(template, plan.removal, path),
    check: async (stored) => checkPodsWithout({ kubectl, workload, without: stored, force }),
  };
}
