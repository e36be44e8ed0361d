import type { ResourceRequirements } from '../kubernetes/api/types.ts';
import { quantityAmount, sameQuantity } from '../quantity.ts';
import { isZero, leastMemoryLimit, type SidecarAmounts } from './amounts.ts';

/** The properties of a pod on which the resources of the sidecar's containers depend. */
export interface PodOfResources {
  /** The pod's QoS class is Guaranteed, which it keeps only if the sidecar's requests equal its limits. */
  readonly guaranteed: boolean;
  /**
   * The pod has pod-level resources (`spec.resources`), which its containers share. Then the sidecar requests none,
   * because the API server refuses a pod whose containers request more than the pod (ValidatePodResources in
   * pkg/apis/core/validation).
   */
  readonly podResources?: boolean | undefined;
  /**
   * The resources whose pod-level limit is the sum of the containers' limits, if all of them have one. The sidecar's
   * limit is zero then, which the kubelet reads as no limit, and which does not change the sum.
   */
  readonly summedLimits?: readonly string[] | undefined;
  /** The amounts in the pod's annotations, for each container of the sidecar. */
  readonly amounts?: SidecarAmounts | undefined;
  /**
   * Whether a container of the pod limits, or at least requests, ephemeral-storage. If any container has a limit, the
   * kubelet evicts a pod whose containers, logs and emptyDirs together use more than the sum of the limits
   * (podEphemeralStorageLimitEviction in pkg/kubelet/eviction), so the sidecar adds its part. If none has a limit, the
   * sidecar sets none either: it would be the limit of the whole pod.
   */
  readonly storage?: 'limited' | 'requested' | undefined;
}

/**
 * The kubelet keeps five log files of 10 MiB for a container. The rest is for the file being rotated and for small
 * files.
 */
export const logMebibytes = 64;

/** The resource that limits what the sidecar writes to the node's disk. */
export const storageName = 'ephemeral-storage';

/** The resources of a container of the sidecar without any annotations of the pod. */
export interface ConfiguredResources {
  /** From the configuration. */
  readonly configured: ResourceRequirements;
  /** The limits in a Guaranteed pod, which must have limits, if the configuration has none. */
  readonly fallback: Readonly<Record<'cpu' | 'memory', string>>;
  /** The most ephemeral-storage that it can use. The configuration can only raise it. */
  readonly storage: string;
}

type Amounts = Readonly<Record<string, string | number>>;

/**
 * The resources of a container of the sidecar. With them the pod keeps its QoS class, and the API server accepts it.
 *
 * An amount in the pod's annotations replaces that of the configuration. Then, for CPU and for memory:
 * 1. A limit of zero is no limit, and a memory limit in the annotations is at least {@link leastMemoryLimit}.
 * 2. If the pod names only a request, a lower limit of the configuration is raised to it.
 * 3. A request above its limit is lowered to the limit.
 * 4. In a Guaranteed pod there is always a limit, and the request equals it.
 *
 * In a pod with pod-level resources the sidecar shares these and has no amounts of CPU and memory for itself. Ephemeral
 * storage is requested and limited if the pod does so. src/ways/policy/resourcesCel.ts has the same rules in CEL.
 */
export function sidecarResources(pod: PodOfResources, container: ConfiguredResources): ResourceRequirements {
  const { configured } = container;
  const { requests, limits } = pod.podResources === true ? shared(pod) : separate(pod, container);
  const stored = storageOf(pod, container);
  return written(configured, { ...requests, ...stored.requests }, { ...limits, ...stored.limits });
}

interface Resources {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

function shared({ summedLimits = [] }: PodOfResources): Resources {
  const zero = Object.fromEntries(summedLimits.map((name) => [name, '0']));
  return { requests: zero, limits: zero };
}

/** All configured resources except ephemeral storage. */
function separate(
  { guaranteed, amounts = {} }: PodOfResources,
  { configured, fallback }: ConfiguredResources,
): Resources {
  const { [storageName]: _request, ...requests }: Record<string, string | number> = { ...configured.requests };
  const { [storageName]: _limit, ...limits }: Record<string, string | number> = { ...configured.limits };
  for (const name of ['cpu', 'memory'] as const) {
    const { request, limit } = amountsOf(name, configured, amounts);
    put(requests, name, request);
    put(limits, name, guaranteed ? (limit ?? larger(request, fallback[name])) : limit);
  }
  return { requests: guaranteed ? limits : lowered(requests, limits), limits };
}

function storageOf({ storage }: PodOfResources, { configured, storage: least }: ConfiguredResources): Resources {
  if (storage === undefined) return { requests: {}, limits: {} };
  const request = larger(configured.requests?.[storageName], least);
  const limit = larger(configured.limits?.[storageName], least);
  if (storage === 'requested') return { requests: { [storageName]: request }, limits: {} };
  return { requests: { [storageName]: isMore(request, limit) ? limit : request }, limits: { [storageName]: limit } };
}

/** The request and limit of one resource, by rules 1 and 2. */
function amountsOf(
  name: 'cpu' | 'memory',
  configured: ResourceRequirements,
  amounts: SidecarAmounts,
): Readonly<Record<'request' | 'limit', string | number | undefined>> {
  const [askedRequest, askedLimit] = [amounts[`${name}-request`], amounts[`${name}-limit`]];
  const request = askedRequest ?? configured.requests?.[name];
  if (askedLimit !== undefined) {
    const raised = name === 'memory' ? larger(askedLimit, leastMemoryLimit) : askedLimit;
    return { request, limit: isZero(askedLimit) ? undefined : raised };
  }
  const configuredLimit = configured.limits?.[name];
  if (configuredLimit === undefined || isZero(String(configuredLimit))) return { request, limit: undefined };
  return { request, limit: larger(askedRequest, configuredLimit) };
}

/** The larger of two amounts; the second when they are equal or the first is undefined. */
function larger(amount: string | number | undefined, other: string | number): string | number {
  return amount !== undefined && isMore(amount, other) ? amount : other;
}

function isMore(amount: string | number, other: string | number): boolean {
  return !sameQuantity(amount, other) && quantityAmount(String(amount)) > quantityAmount(String(other));
}

function put(amounts: Record<string, string | number>, name: string, amount: string | number | undefined): void {
  if (amount === undefined) delete amounts[name];
  else amounts[name] = amount;
}

/** Lowers requests to their limits, because the API server refuses a request above its limit. */
function lowered(requests: Amounts, limits: Amounts): Amounts {
  const entries = Object.entries(requests).map(([name, amount]) => {
    const limit = limits[name];
    return [name, limit !== undefined && isMore(amount, limit) ? limit : amount] as const;
  });
  return Object.fromEntries(entries);
}

function written(configured: ResourceRequirements, requests: Amounts, limits: Amounts): ResourceRequirements {
  const { requests: _requests, limits: _limits, ...others } = configured;
  return {
    ...others,
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}
