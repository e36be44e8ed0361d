import type { WorkloadObject } from './api/types.ts';

/** The progress of a rollout. */
export interface Progress {
  readonly done: boolean;
  /** Why the rollout has failed, or cannot continue now: one clause. */
  readonly problem?: string;
  /** `2 of 3 pods updated, 1 ready`: for people. */
  readonly text: string;
}

/**
 * The progress of a Deployment, StatefulSet or DaemonSet, by the rules of `kubectl rollout status`.
 * @see k8s.io/kubectl pkg/polymorphichelpers/rollout_status.go
 */
export function rolloutProgress(object: WorkloadObject): Progress {
  const { metadata, status } = object;
  // The status is still from before the change.
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0))
    return { done: false, text: 'waiting for the controller to see the change' };
  if (object.kind === 'DaemonSet') return daemonSetProgress(object);
  if (object.kind === 'StatefulSet') return statefulSetProgress(object);
  return deploymentProgress(object);
}

function deploymentProgress({ spec, status = {} }: WorkloadObject): Progress {
  const total = spec?.replicas ?? 1;
  const { replicas = 0, updatedReplicas: updated = 0, availableReplicas: available = 0 } = status;
  const old = replicas - updated;
  const problem = deploymentProblem(status);
  return {
    done: problem === undefined && updated >= total && old <= 0 && available >= updated,
    ...(problem === undefined ? {} : { problem }),
    text: `${count(updated, total)}, ${available} available${old > 0 ? `, ${old} old` : ''}`,
  };
}

function deploymentProblem({ conditions = [] }: NonNullable<WorkloadObject['status']>): string | undefined {
  const refused = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  if (refused !== undefined) return refused.message ?? refused.reason;
  const late = conditions.find(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded');
  return late === undefined ? undefined : (late.message ?? late.reason);
}

function daemonSetProgress({ status = {} }: WorkloadObject): Progress {
  const {
    desiredNumberScheduled: total = 0,
    updatedNumberScheduled: updated = 0,
    numberAvailable: available = 0,
  } = status;
  return { done: updated >= total && available >= total, text: `${count(updated, total)}, ${available} available` };
}

function statefulSetProgress({ spec, status = {} }: WorkloadObject): Progress {
  const replicas = spec?.replicas ?? 1;
  const { updatedReplicas: updated = 0, readyReplicas: ready = 0 } = status;
  const untouched = Math.max(0, (spec?.updateStrategy?.rollingUpdate?.partition ?? 0) - (spec?.ordinals?.start ?? 0));
  const total = Math.max(0, replicas - untouched);
  return {
    done: ready >= replicas && updated >= total,
    text: `${count(updated, total)}, ${ready} of ${replicas} ready`,
  };
}

function count(updated: number, total: number): string {
  return `${updated} of ${total} ${total === 1 ? 'pod' : 'pods'} updated`;
}
