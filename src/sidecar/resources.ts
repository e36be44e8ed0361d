import { quantityAmount, sameQuantity } from '../kubernetes/api/resourceQuantity.ts';
import type { ResourceRequirements } from '../kubernetes/api/types.ts';
import { isZero, leastMemoryLimit, type SidecarAmounts } from './amounts.ts';

/** What of a pod the resources of a container in it depend on. */
export interface PodOfResources {
  /**
   * The pod's QoS class is Guaranteed: the sidecar's requests must equal its limits, or the pod would lose its class.
   */
  readonly guaranteed: boolean;
  /**
   * The pod has resources of its own (`spec.resources`), which its containers share. Then the sidecar asks for none:
   * the API server refuses a pod whose containers ask for more than the pod (ValidatePodResources in
   * pkg/apis/core/validation).
   */
  readonly podResources?: boolean | undefined;
  /**
   * The resources whose limits of such a pod are the sum of its containers', if all of them have one. The sidecar has
   * zero of these: it is as good as none to the kubelet, and to the sum.
   */
  readonly summedLimits?: readonly string[] | undefined;
  /** What the pod's annotations ask for, of each container of the sidecar. */
  readonly amounts?: SidecarAmounts | undefined;
  /**
   * What the pod's containers say of ephemeral-storage: one of them limits it, or at least requests some. The kubelet
   * evicts a pod whose containers, logs and emptyDirs together use more than the sum of its containers' limits, if any
   * has one (podEphemeralStorageLimitEviction in pkg/kubelet/eviction): then the sidecar adds its part. Where none has
   * a limit, the sidecar's alone would be the limit of the whole pod.
   */
  readonly storage?: 'limited' | 'requested' | undefined;
}

/**
 * The kubelet keeps five files of 10 MiB of a container's log; the rest is for the file being rotated, and small
 * things.
 */
export const logMebibytes = 64;

/** Of what the sidecar writes to the node's disk. */
export const storageName = 'ephemeral-storage';

/** What a container of the sidecar has where the pod does not say. */
export interface OwnResources {
  /** As the configuration has them. */
  readonly own: ResourceRequirements;
  /** The limits in a Guaranteed pod, which needs some, if there are none otherwise. */
  readonly fallback: Readonly<Record<'cpu' | 'memory', string>>;
  /** The ephemeral-storage that it may come to use; the configuration can only have more. */
  readonly storage: string;
}

type Amounts = Readonly<Record<string, string | number>>;

/**
 * The resources of a container of the sidecar, so that the pod stays what it is and the API server takes it. Pure.
 *
 * An amount of the pod's annotations stands for the configuration's. Then, for CPU and memory each:
 * 1. a limit of zero is no limit, and a memory limit of the annotations is at least {@link leastMemoryLimit};
 * 2. a limit that the pod did not name rises to the request that it did name;
 * 3. a request above its limit counts as the limit;
 * 4. in a Guaranteed pod the request is the limit, which there is always.
 *
 * A pod with resources as a whole shares those: no amount of CPU and memory counts. Ephemeral storage is requested and
 * limited where the pod does so. The admission policy has the same in CEL (src/ways/policy/resourcesCel.ts).
 */
export function sidecarResources(pod: PodOfResources, container: OwnResources): ResourceRequirements {
  const { own } = container;
  const { requests, limits } = pod.podResources === true ? shared(pod) : separate(pod, container);
  const stored = storageOf(pod, container);
  return written(own, { ...requests, ...stored.requests }, { ...limits, ...stored.limits });
}

interface Resources {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

function shared({ summedLimits = [] }: PodOfResources): Resources {
  const zero = Object.fromEntries(summedLimits.map((name) => [name, '0']));
  return { requests: zero, limits: zero };
}

/** CPU, memory and what else is configured, but for ephemeral storage. */
function separate({ guaranteed, amounts = {} }: PodOfResources, { own, fallback }: OwnResources): Resources {
  const { [storageName]: _request, ...requests }: Record<string, string | number> = { ...own.requests };
  const { [storageName]: _limit, ...limits }: Record<string, string | number> = { ...own.limits };
  for (const name of ['cpu', 'memory'] as const) {
    const { request, limit } = amountsOf(name, own, amounts);
    put(requests, name, request);
    put(limits, name, guaranteed ? (limit ?? larger(request, fallback[name])) : limit);
  }
  return { requests: guaranteed ? limits : lowered(requests, limits), limits };
}

function storageOf({ storage }: PodOfResources, { own, storage: least }: OwnResources): Resources {
  if (storage === undefined) return { requests: {}, limits: {} };
  const request = larger(own.requests?.[storageName], least);
  const limit = larger(own.limits?.[storageName], least);
  if (storage === 'requested') return { requests: { [storageName]: request }, limits: {} };
  return { requests: { [storageName]: isMore(request, limit) ? limit : request }, limits: { [storageName]: limit } };
}

/** Of one resource, by the rules 1 and 2. */
function amountsOf(
  name: 'cpu' | 'memory',
  own: ResourceRequirements,
  amounts: SidecarAmounts,
): Readonly<Record<'request' | 'limit', string | number | undefined>> {
  const [askedRequest, askedLimit] = [amounts[`${name}-request`], amounts[`${name}-limit`]];
  const request = askedRequest ?? own.requests?.[name];
  if (askedLimit !== undefined) {
    const raised = name === 'memory' ? larger(askedLimit, leastMemoryLimit) : askedLimit;
    return { request, limit: isZero(askedLimit) ? undefined : raised };
  }
  const ownLimit = own.limits?.[name];
  if (ownLimit === undefined || isZero(String(ownLimit))) return { request, limit: undefined };
  return { request, limit: larger(askedRequest, ownLimit) };
}

/** The larger of two amounts: the second when they are the same, or the first is none. */
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

/** A request above its limit would fail the pod. */
function lowered(requests: Amounts, limits: Amounts): Amounts {
  const entries = Object.entries(requests).map(([name, amount]) => {
    const limit = limits[name];
    return [name, limit !== undefined && isMore(amount, limit) ? limit : amount] as const;
  });
  return Object.fromEntries(entries);
}

function written(own: ResourceRequirements, requests: Amounts, limits: Amounts): ResourceRequirements {
  const { requests: _requests, limits: _limits, ...others } = own;
  return {
    ...others,
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}
