import type { Pod } from '../../kubernetes/api/types.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { plainText } from '../../plainText.ts';
import { foundPods, type FoundPods } from '../findPods.ts';
import { readTarget, type PodTarget } from '../readTarget.ts';
import type { Attacher } from './attacher.ts';
import { containerState } from './waitForContainers.ts';

export interface LaterPodsOptions {
  readonly kubectl: Kubectl;
  readonly target: PodTarget;
  readonly attacher: Attacher;
  /** The agents' containers of the pods that have been looked at, by their uids; null: there is none. */
  readonly before: ReadonlyMap<string, string | null>;
  /** The most pods with an agent at a time. */
  readonly most: number;
  readonly report: (line: string) => void;
}

/**
 * Lists the pods of a target again and again: a new one gets an agent too, once, and what keeps its container from
 * starting is reported once.
 */
export function laterPods(options: LaterPodsOptions): () => Promise<FoundPods> {
  const { kubectl, target, attacher, most, report } = options;
  const containers = new Map(options.before);
  const reported = new Set<string>();
  const isNew = (pod: Pod): boolean => pod.status?.phase === 'Running' && !containers.has(uidOf(pod));
  const attach = async (pods: readonly Pod[], places: number): Promise<void> => {
    const added = pods.filter((pod) => isNew(pod)).slice(0, Math.max(0, places));
    for (const { pod, result } of await attacher.attach(added)) containers.set(uidOf(pod), result.container);
  };
  return async () => {
    const found = await readTarget(kubectl, target, 'whole');
    const present = foundPods(target, found);
    await attach(
      found.pods.filter((pod) => present.without.some((bare) => nameOf(pod) === `${bare.namespace}/${bare.name}`)),
      most - present.captured.length,
    );
    for (const pod of found.pods) {
      const container = containers.get(uidOf(pod));
      const state = container == null ? undefined : containerState(pod, container);
      if (state?.kind !== 'failed' || reported.has(uidOf(pod))) continue;
      reported.add(uidOf(pod));
      report(`${nameOf(pod)}: ${container ?? ''}: ${plainText(state.text, 500)}`);
    }
    return present;
  };
}

function uidOf({ metadata: { uid = '' } }: Pod): string {
  return uid;
}

function nameOf({ metadata: { namespace = 'default', name } }: Pod): string {
  return `${namespace}/${name}`;
}
