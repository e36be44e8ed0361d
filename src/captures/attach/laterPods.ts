import type { Pod } from '../../kubernetes/api/types.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { plainText } from '../../plainText.ts';
import { foundPods, type FoundPods } from '../findPods.ts';
import { readTarget, type PodTarget } from '../readTarget.ts';
import type { Attacher } from './attacher.ts';
import { containerState } from './waitForContainers.ts';

/** The target that is listed again and again, and what is already known of its pods. */
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
 * starting is reported once. A container that has ended by its time gets a successor, once: it ended just before it was
 * to be used, since an agent that is used does not end.
 */
export function laterPods(options: LaterPodsOptions): () => Promise<FoundPods> {
  const { kubectl, target, attacher, most, report } = options;
  const containers = new Map(options.before);
  const reported = new Set<string>();
  const renewed = new Set<string>();
  const isDue = (pod: Pod): boolean => {
    const container = containers.get(uidOf(pod));
    if (container === undefined) return true;
    return container !== null && !renewed.has(uidOf(pod)) && hasEndedInTime(pod, container);
  };
  const attach = async (pods: readonly Pod[], places: number): Promise<void> => {
    const due = pods.filter((pod) => pod.status?.phase === 'Running' && isDue(pod)).slice(0, Math.max(0, places));
    for (const pod of due) if (containers.has(uidOf(pod))) renewed.add(uidOf(pod));
    for (const { pod, result } of await attacher.attach(due)) containers.set(uidOf(pod), result.container);
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

/** The agent's exit code at the end of its time is 0. */
function hasEndedInTime({ status }: Pod, container: string): boolean {
  const own = status?.ephemeralContainerStatuses?.find(({ name }) => name === container);
  const { terminated } = own?.state ?? {};
  return terminated !== undefined && (terminated.exitCode ?? 0) === 0;
}

function uidOf({ metadata: { uid = '' } }: Pod): string {
  return uid;
}

function nameOf({ metadata: { namespace = 'default', name } }: Pod): string {
  return `${namespace}/${name}`;
}
