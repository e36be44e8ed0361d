import { dryRunPods } from '../dryRun/index.ts';
import { refuserText } from '../dryRun/podCheck.ts';
import { rethrowUnlessRecoverable } from '../errors.ts';
import type { WorkloadObject } from '../kubernetes/api/types.ts';
import { type Kubectl, kubectlJson } from '../kubernetes/kubectl.ts';
import type { MissedPod } from './judge/missed.ts';
import { askedFor, subjectOfTemplate } from './judge/nextPod.ts';

/** A workload to restart. */
export interface RestartTarget {
  readonly namespace: string;
  /** `deployment/web` */
  readonly owner: string;
  /** How many of its pods miss the sidecar. */
  readonly pods: number;
}

/** The result for one workload; plain data. */
export interface Restarted extends RestartTarget {
  readonly result: 'restarted' | 'failed' | 'refused';
  /** The message of kubectl, or of the API server about the new pods. */
  readonly message?: string;
}

/** The workloads whose missed pods get the sidecar by a restart, each once. Pure. */
export function restartTargets(missed: readonly MissedPod[]): RestartTarget[] {
  const curable = missed.flatMap(({ namespace, restart: owner }) => (owner === null ? [] : [{ namespace, owner }]));
  const groups = Map.groupBy(curable, ({ namespace, owner }) => `${namespace} ${owner}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ ...first, pods: group.length }];
  });
}

/**
 * Restarts them one after the other; when one fails, the others still follow. Those whose new pods would be refused
 * are not restarted. @throws INTERRUPTED
 */
export async function restartAll(kubectl: Kubectl, targets: readonly RestartTarget[]): Promise<Restarted[]> {
  const results: Restarted[] = [];
  for (const target of targets) results.push(await restart(kubectl, target));
  return results;
}

async function restart(kubectl: Kubectl, target: RestartTarget): Promise<Restarted> {
  try {
    const refused = await refusalOf(kubectl, target);
    if (refused !== undefined) return { ...target, result: 'refused', message: refused };
    await kubectl(['rollout', 'restart', target.owner, '--namespace', target.namespace]);
    return { ...target, result: 'restarted' };
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return { ...target, result: 'failed', message: error.message };
  }
}

/** Why no new pod of it could be created; undefined when one can, or when the API server cannot be asked. */
async function refusalOf(kubectl: Kubectl, { owner, namespace }: RestartTarget): Promise<string | undefined> {
  const object = await kubectlJson<WorkloadObject>(kubectl, ['get', owner, '--namespace', namespace]);
  const subject = subjectOfTemplate(object, namespace, undefined);
  const verdict = await dryRunPods({ kubectl, namespace, ...askedFor(subject, object, undefined) });
  if (verdict.outcome !== 'refused_anyway' && verdict.outcome !== 'refused_by_sidecar') return undefined;
  return `${refuserText(verdict.refusal)}: ${verdict.refusal.words}`;
}
