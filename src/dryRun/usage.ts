import type { Container, PodSpec } from '../kubernetes/api/types.ts';
import { amountsOf, largestOf, sumOf, type Amounts } from './podAmounts.ts';

/** The effective requests and limits of a pod. */
export interface PodUsage {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

/**
 * Calculates the effective requests and limits of a pod; native sidecars count with the containers (KEP-753).
 * @param overhead whether the overhead of its runtime class counts: it does for quotas, but not for limit ranges
 * @see PodRequests and PodLimits in staging/src/k8s.io/component-helpers/resource/helpers.go, podRequests in
 * plugin/pkg/admission/limitranger/admission.go of kubernetes/kubernetes
 */
export function podUsage(spec: PodSpec, overhead: boolean): PodUsage {
  const own = overhead ? amountsOf(spec['overhead'] as Readonly<Record<string, string>> | undefined) : {};
  const limits = withPodLevel(sumOfContainers(spec, 'limits'), spec, 'limits', overhead);
  const limited = Object.fromEntries(Object.entries(own).filter(([name]) => (limits[name] ?? 0) !== 0));
  return {
    requests: sumOf(withPodLevel(sumOfContainers(spec, 'requests'), spec, 'requests', overhead), own),
    limits: sumOf(limits, limited),
  };
}

function sumOfContainers({ containers, initContainers }: PodSpec, part: 'requests' | 'limits'): Amounts {
  const of = (container: Container): Amounts => amountsOf(container.resources?.[part]);
  let sum = (containers ?? []).map(of).reduce<Amounts>(sumOf, {});
  let sidecars: Amounts = {};
  let starting: Amounts = {};
  for (const container of initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      sum = sumOf(sum, of(container));
      sidecars = sumOf(sidecars, of(container));
      starting = largestOf(starting, sidecars);
    } else {
      starting = largestOf(starting, sumOf(of(container), sidecars));
    }
  }
  return largestOf(sum, starting);
}

/** The pod-level amounts replace the sum; those of huge pages only for quotas. */
function withPodLevel(sum: Amounts, { resources }: PodSpec, part: 'requests' | 'limits', forQuota: boolean): Amounts {
  const pod = Object.entries(amountsOf(resources?.[part]));
  const counts = (name: string): boolean =>
    name === 'cpu' || name === 'memory' || (forQuota && name.startsWith('hugepages-'));
  return { ...sum, ...Object.fromEntries(pod.filter(([name]) => counts(name))) };
}

/** What a living pod uses of a quota, by the quota's names of resources. */
export function quotaUsage(spec: PodSpec): Amounts {
  const { requests, limits } = podUsage(spec, true);
  const usage: Record<string, number> = { pods: 1000, 'count/pods': 1000 };
  for (const [name, amount] of Object.entries(requests)) {
    if (isPlain(name)) usage[name] = amount;
    usage[`requests.${name}`] = amount;
  }
  for (const [name, amount] of Object.entries(limits)) if (isNative(name)) usage[`limits.${name}`] = amount;
  return usage;
}

const native: readonly string[] = ['cpu', 'memory', 'ephemeral-storage'];

function isNative(name: string): boolean {
  return native.includes(name);
}

/** Resources whose bare name in a quota means requests. */
function isPlain(name: string): boolean {
  return isNative(name) || name.startsWith('hugepages-');
}
