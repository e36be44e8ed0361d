import { rethrowUnlessRecoverable } from '../errors.ts';
import type { Kubectl } from '../cluster/index.ts';
import type { MissedPod } from './missed.ts';

/** A workload whose pods are to be made anew. */
export interface RestartTarget {
  readonly namespace: string;
  /** `deployment/web` */
  readonly owner: string;
  /** How many of its pods miss the sidecar. */
  readonly pods: number;
}

/** What became of one of them; plain data. */
export interface Restarted extends RestartTarget {
  readonly result: 'restarted' | 'failed';
  /** kubectl's words. */
  readonly message?: string;
}

/** The workloads that a rollout cures, each once. Pure. */
export function restartTargets(missed: readonly MissedPod[]): RestartTarget[] {
  const curable = missed.flatMap(({ namespace, restart: owner }) => (owner === null ? [] : [{ namespace, owner }]));
  const groups = Map.groupBy(curable, ({ namespace, owner }) => `${namespace} ${owner}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ ...first, pods: group.length }];
  });
}

/** Rolls them, one after the other; a failure of one keeps none of the others back. @throws INTERRUPTED */
export async function restartAll(kubectl: Kubectl, targets: readonly RestartTarget[]): Promise<Restarted[]> {
  const results: Restarted[] = [];
  for (const target of targets) results.push(await restart(kubectl, target));
  return results;
}

async function restart(kubectl: Kubectl, target: RestartTarget): Promise<Restarted> {
  try {
    await kubectl(['rollout', 'restart', target.owner, '--namespace', target.namespace]);
    return { ...target, result: 'restarted' };
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return { ...target, result: 'failed', message: error.message };
  }
}
