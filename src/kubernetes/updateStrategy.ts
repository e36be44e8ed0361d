import type { UpdateStrategy, WorkloadObject } from './api/types.ts';

/** What a change of the pod template does to running pods. */
export interface Restart {
  /** Whether the workload's controller replaces the pods now and reports its progress, so that a wait makes sense. */
  readonly rollout: boolean;
  /** Which pods restart, and when: one clause for people, without a final full stop. */
  readonly text: string;
}

/**
 * What a change of the pod template will do.
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/
 */
export function restartOf(object: WorkloadObject): Restart {
  switch (object.kind) {
    case 'Deployment':
      return deploymentRestart(object);
    case 'StatefulSet':
      return statefulSetRestart(object);
    case 'DaemonSet':
      return daemonSetRestart(object);
    case 'CronJob':
      return cronJobRestart(object);
    case 'ReplicaSet':
    case 'ReplicationController':
      return replicaSetRestart(object);
    case 'PodTemplate':
      return later('no pod restarts: only pods that are made from it later are changed');
    default:
      return later(`its own controller (${object.apiVersion}) says which pods restart, and when`);
  }
}

function deploymentRestart({ spec }: WorkloadObject): Restart {
  const replicas = spec?.replicas ?? 1;
  if (spec?.paused === true)
    return later(
      `no pod restarts yet: the rollout is paused; ${pods(replicas)} will restart once it is resumed (kubectl rollout resume)`,
    );
  if (replicas === 0) return scaledToZero;
  if (spec?.strategy?.type === 'Recreate')
    return now(`${pods(replicas)} will restart, all at once (Recreate): the app is not available meanwhile`);
  return now(`${pods(replicas)} will restart, ${pace(spec?.strategy, 'maxSurge', 'maxUnavailable')}`);
}

function statefulSetRestart({ spec }: WorkloadObject): Restart {
  const { replicas = 1, updateStrategy, ordinals } = spec ?? {};
  if (replicas === 0) return scaledToZero;
  if (updateStrategy?.type === 'OnDelete') return onDelete(replicas);
  const partition = updateStrategy?.rollingUpdate?.partition ?? 0;
  const updated = updatedByPartition(replicas, partition, ordinals?.start ?? 0);
  if (updated === 0)
    return later(
      `no pod restarts: the update's partition is ${partition}, above every pod; lower it to let them restart`,
    );
  if (updated < replicas)
    return now(`${updated} of ${pods(replicas)} will restart, from number ${partition} up (partition ${partition})`);
  return now(`${pods(replicas)} will restart, ${pace(updateStrategy, 'maxUnavailable')}`);
}

/** Pods are numbered from `start`; those below the partition keep the old template. */
function updatedByPartition(replicas: number, partition: number, start: number): number {
  return Math.max(0, Math.min(replicas, start + replicas - partition));
}

function daemonSetRestart({ spec, status }: WorkloadObject): Restart {
  const scheduled = status?.desiredNumberScheduled ?? 0;
  if (spec?.updateStrategy?.type === 'OnDelete') return onDelete(scheduled);
  return now(`${pods(scheduled)} will restart, ${pace(spec?.updateStrategy, 'maxSurge', 'maxUnavailable')}`);
}

function cronJobRestart({ spec }: WorkloadObject): Restart {
  const when =
    spec?.suspend === true
      ? 'its runs after it is resumed (it is suspended)'
      : `its next run (schedule "${spec?.schedule ?? ''}")`;
  return later(`no pod restarts: ${when} will be changed, running jobs are not`);
}

function replicaSetRestart({ spec, status }: WorkloadObject): Restart {
  const running = status?.replicas ?? spec?.replicas ?? 0;
  return later(
    `no pod restarts: only new pods are changed; delete its ${pods(running)}, one by one, to have them replaced`,
  );
}

function onDelete(count: number): Restart {
  return later(`no pod restarts by itself (OnDelete): delete its ${pods(count)}, one by one, to have them replaced`);
}

const scaledToZero: Restart = { rollout: false, text: 'no pod restarts: it is scaled to 0' };

function pace(strategy: UpdateStrategy | undefined, ...limits: readonly ('maxSurge' | 'maxUnavailable')[]): string {
  const rolling = strategy?.rollingUpdate;
  const given = limits.flatMap((name) => (rolling?.[name] === undefined ? [] : [`${name} ${rolling[name]}`]));
  return `a few at a time (${['RollingUpdate', ...given].join(', ')})`;
}

function pods(count: number): string {
  return count === 1 ? '1 pod' : `${count} pods`;
}

const now = (text: string): Restart => ({ rollout: true, text });
const later = (text: string): Restart => ({ rollout: false, text });
