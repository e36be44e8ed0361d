import type { Container, PodSpec } from '../../kubernetes/api/types.ts';
import { preciseBytes, quantityAmount } from '../../quantity.ts';

const mebibyte = 1024 ** 2;
/** What an agent and the start of its container need at most, measured in docs/attach.md: 6.5 to 7.4 MiB. */
const agentNeeds = 8 * mebibyte;
/** What must be left of a pod's limit: twice that, because a reading is up to a minute old, and the app goes on. */
const leastFree = 2 * agentNeeds;
/** Up to this limit the agent's part is so large that a pod whose use is not known gets a warning. */
const smallLimit = 256 * mebibyte;

/** The memory that a pod uses, as somebody has measured it. */
export interface MemoryUse {
  /** The working set: what the kernel cannot reclaim at once. */
  readonly bytes: number;
  /** Who has measured it, for messages. */
  readonly source: string;
}

/** Whether there is memory for an agent. */
export type MemoryRoom =
  | { readonly kind: 'enough' }
  /** The kernel could kill the app. */
  | { readonly kind: 'short'; readonly text: string }
  /** The limit is small, and what the pod uses of it is not known. */
  | { readonly kind: 'unknown'; readonly text: string };

/**
 * The memory limit of a pod's cgroup, which an ephemeral container counts against, in bytes; undefined when it has
 * none. The kubelet sets one if the pod has a limit of its own, or if each container has one, init containers too
 * (ResourceConfigForPod in pkg/kubelet/cm/helpers_linux.go). Pure.
 */
export function podMemoryLimit({ resources, containers, initContainers, overhead }: PodSpec): number | undefined {
  const own = amountOf(resources?.limits?.['memory']);
  const limit = own > 0 ? own : sumOfLimits(containers ?? [], initContainers ?? []);
  const extra = (overhead as { readonly memory?: string | number } | null | undefined)?.memory;
  return limit === undefined ? undefined : limit + amountOf(extra);
}

/** As in AggregateContainerLimits of k8s.io/component-helpers: sidecars run next to all that comes after them. */
function sumOfLimits(containers: readonly Container[], initContainers: readonly Container[]): number | undefined {
  const limitOf = ({ resources }: Container): number => amountOf(resources?.limits?.['memory']);
  const all = [...containers, ...initContainers];
  if (all.length === 0 || !all.every((container) => limitOf(container) > 0)) return undefined;
  let [sidecars, atStart] = [0, 0];
  for (const container of initContainers) {
    const together = sidecars + limitOf(container);
    atStart = Math.max(atStart, together);
    if (container.restartPolicy === 'Always') sidecars = together;
  }
  return Math.max(atStart, sidecars + containers.reduce((sum, container) => sum + limitOf(container), 0));
}

function amountOf(quantity: string | number | undefined): number {
  return quantity === undefined ? 0 : quantityAmount(String(quantity));
}

/**
 * Whether a pod has memory for an agent. An ephemeral container can have no limit of its own, so it counts for the pod;
 * at the pod's limit the kernel kills the largest process, and that is the app. Pure.
 * @param use undefined: not known
 */
export function memoryRoom(spec: PodSpec, use: MemoryUse | undefined): MemoryRoom {
  const limit = podMemoryLimit(spec);
  if (limit === undefined) return { kind: 'enough' };
  const needs = `an agent needs up to ${preciseBytes(agentNeeds)}, and ${preciseBytes(leastFree)} should be free`;
  if (use === undefined && limit >= leastFree) {
    const text = `it is not known how much it uses of its memory limit of ${preciseBytes(limit)}: ${needs}, or the kernel may kill the app`;
    return limit > smallLimit ? { kind: 'enough' } : { kind: 'unknown', text };
  }
  const { bytes, source } = use ?? { bytes: 0, source: undefined };
  if (limit - bytes >= leastFree) return { kind: 'enough' };
  const used = source === undefined ? 'its limit is' : `it uses ${preciseBytes(bytes)} (${source}) of`;
  return { kind: 'short', text: `${used} ${preciseBytes(limit)}, and ${needs}` };
}
