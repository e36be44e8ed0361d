import type { Container, PodSpec, ResourceRequirements, Metadata } from '../kubernetes/api/types.ts';
import { amountOf, amountsOf, type Amounts } from './podAmounts.ts';
import { podUsage } from './usage.ts';

type Quantities = Readonly<Record<string, string>>;

/** The fields of a LimitRange that are read, with the defaults of the API server. */
export interface LimitRange {
  readonly metadata: Metadata;
  readonly spec?: { readonly limits?: readonly LimitRangeItem[] };
}

/** An item of a LimitRange, of type Container, Pod or PersistentVolumeClaim (core/v1). */
export interface LimitRangeItem {
  readonly type: string;
  readonly min?: Quantities;
  readonly max?: Quantities;
  /** The limits of containers that have none. */
  readonly default?: Quantities;
  /** The requests of containers that have none. */
  readonly defaultRequest?: Quantities;
  readonly maxLimitRequestRatio?: Quantities;
}

/** An amount that a limit range does not admit. */
export interface Violation {
  readonly limitRange: string;
  readonly type: 'Container' | 'Pod';
  readonly resource: string;
  readonly constraint: 'min' | 'max' | 'maxLimitRequestRatio';
  /** The name of the container; absent for a limit of the pod. */
  readonly container?: string;
}

/**
 * A pod with the resources that limit ranges give to containers without any.
 * @see mergePodResourceRequirements in plugin/pkg/admission/limitranger/admission.go, and SetDefaults_Pod in
 * pkg/apis/core/v1/defaults.go (a limit is the request too), of kubernetes/kubernetes
 */
export function withDefaults(spec: PodSpec, ranges: readonly LimitRange[]): PodSpec {
  const items = itemsOf(ranges, 'Container');
  const requests = Object.assign({}, ...items.map(({ item }) => item.defaultRequest ?? {})) as Quantities;
  const limits = Object.assign({}, ...items.map(({ item }) => item.default ?? {})) as Quantities;
  const filled = (container: Container): Container => {
    const own = container.resources ?? {};
    return {
      ...container,
      resources: { limits: { ...limits, ...own.limits }, requests: { ...requests, ...own.limits, ...own.requests } },
    };
  };
  return {
    ...spec,
    ...(spec.containers == null ? {} : { containers: spec.containers.map(filled) }),
    ...(spec.initContainers == null ? {} : { initContainers: spec.initContainers.map(filled) }),
  };
}

/** The amounts of a pod, with its defaults, that limit ranges do not admit. */
export function violationsIn(spec: PodSpec, ranges: readonly LimitRange[]): Violation[] {
  const usage = podUsage(spec, false);
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  return [
    ...itemsOf(ranges, 'Container').flatMap(({ limitRange, item }) =>
      containers.flatMap(({ name, resources }) => {
        const found = broken(item, amountsOf(resources?.requests), amountsOf(resources?.limits));
        return found.map((one): Violation => ({ limitRange, type: 'Container', container: name, ...one }));
      }),
    ),
    ...itemsOf(ranges, 'Pod').flatMap(({ limitRange, item }) =>
      broken(item, usage.requests, usage.limits).map((one): Violation => ({ limitRange, type: 'Pod', ...one })),
    ),
  ];
}

function broken(
  item: LimitRangeItem,
  requests: Amounts,
  limits: Amounts,
): Pick<Violation, 'resource' | 'constraint'>[] {
  const check = (
    constraint: Violation['constraint'],
    holds: (enforced: number, request: number | undefined, limit: number | undefined) => boolean,
  ): Pick<Violation, 'resource' | 'constraint'>[] =>
    Object.entries(item[constraint] ?? {}).flatMap(([resource, enforced]) =>
      holds(amountOf(enforced), requests[resource], limits[resource]) ? [] : [{ resource, constraint }],
    );
  return [
    ...check('min', (least, request, limit) => request !== undefined && request >= least && (limit ?? least) >= least),
    ...check('max', (most, request, limit) => limit !== undefined && limit <= most && (request ?? 0) <= most),
    ...check(
      'maxLimitRequestRatio',
      (ratio, request = 0, limit = 0) => request > 0 && limit > 0 && limit * 1000 <= ratio * request,
    ),
  ];
}

function itemsOf(
  ranges: readonly LimitRange[],
  type: string,
): { readonly limitRange: string; readonly item: LimitRangeItem }[] {
  return ranges.flatMap(({ metadata, spec }) =>
    (spec?.limits ?? []).filter((item) => item.type === type).map((item) => ({ limitRange: metadata.name, item })),
  );
}

/** The request and limit of each container of the sidecar, by resource, in thousandths. */
export type Fit = Readonly<Partial<Record<FittedResource, Pair>>>;

/** A resource whose request and limit are fitted to limit ranges and quotas. */
export type FittedResource = 'cpu' | 'memory';
const fittedResources: readonly FittedResource[] = ['cpu', 'memory'];

interface Pair {
  readonly request: number;
  readonly limit: number;
}

/** The pod whose sidecar must fit, and the limits that it must fit into. */
export interface Fitting {
  /** The pod with the sidecar and with its defaults. */
  readonly spec: PodSpec;
  /** The names of the sidecar's containers; all get the same amounts. */
  readonly containers: readonly string[];
  readonly ranges: readonly LimitRange[];
  /** Whether requests must equal limits, so that the pod keeps its QoS class Guaranteed. */
  readonly equal: boolean;
  /** Upper bounds of a request and a limit, because of a quota, by resource, in thousandths. */
  readonly atMost?: Fit;
}

/** The least that the agent needs. */
const least: Readonly<Record<FittedResource, number>> = { cpu: amountOf('1m'), memory: amountOf('16Mi') };

/**
 * Finds requests and limits of the sidecar with which limit ranges admit the pod, as near as possible to the present
 * ones.
 * @returns those of cpu and memory that have to change; `impossible` names a resource for which there are none
 */
export function fitSidecar(fitting: Fitting): { readonly fit: Fit } | { readonly impossible: string } {
  const fit: Partial<Record<FittedResource, Pair>> = {};
  for (const resource of fittedResources) {
    const bounds = boundsOf(fitting, resource);
    if (bounds === undefined) continue;
    const found = nearest(bounds);
    if (found === undefined) return { impossible: resource };
    if (found.limit !== bounds.now.limit || found.request !== bounds.now.request) fit[resource] = found;
  }
  return { fit };
}

interface Bounds {
  readonly now: Pair;
  readonly low: Pair;
  readonly high: Pair;
  /** The smallest request that the ratios allow for a limit. */
  readonly ratio: (limit: number) => number;
  readonly equal: boolean;
  /** Amounts are rounded to a multiple of this where the bounds allow it. */
  readonly step: number;
}

/** Undefined when the sidecar has no amount of this resource, as in a pod with pod-level resources. */
function boundsOf({ spec, containers, ranges, equal, atMost }: Fitting, resource: FittedResource): Bounds | undefined {
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const ours = all.filter(({ name }) => containers.includes(name));
  const [first] = ours;
  const now = first === undefined ? undefined : pairOf(first.resources, resource);
  if (now === undefined) return undefined;
  const count = ours.length;
  const total = podUsage(spec, false);
  const base = {
    request: (total.requests[resource] ?? 0) - count * now.request,
    limit: (total.limits[resource] ?? 0) - count * now.limit,
  };
  const perContainer = itemsOf(ranges, 'Container').map(({ item }) => constraintsOf(item, resource));
  const perPod = itemsOf(ranges, 'Pod').map(({ item }) => constraintsOf(item, resource));
  const share = (whole: number, taken: number): number => (whole - taken) / count;
  const low = (taken: number): number =>
    Math.max(least[resource], ...perContainer.map(({ min }) => min), ...perPod.map(({ min }) => share(min, taken)));
  const high = (taken: number): number =>
    Math.min(...perContainer.map(({ max }) => max), ...perPod.map(({ max }) => share(max, taken)));
  const most = atMost?.[resource];
  return {
    now,
    low: { request: low(base.request), limit: low(base.limit) },
    high: {
      request: Math.min(high(base.request), most?.request ?? Infinity),
      limit: Math.min(high(base.limit), most?.limit ?? Infinity),
    },
    ratio: (limit) =>
      Math.max(
        0,
        ...perContainer.map(({ ratio }) => (limit * 1000) / ratio),
        ...perPod.map(({ ratio }) => share(((base.limit + count * limit) * 1000) / ratio, base.request)),
      ),
    equal,
    step: resource === 'cpu' ? 1 : 1000 * 1024 ** 2,
  };
}

function pairOf(resources: ResourceRequirements | undefined, resource: string): Pair | undefined {
  const limit = resources?.limits?.[resource];
  const request = resources?.requests?.[resource] ?? limit;
  if (limit === undefined || request === undefined || amountOf(limit) === 0) return undefined;
  return { request: amountOf(request), limit: amountOf(limit) };
}

function constraintsOf(
  item: LimitRangeItem,
  resource: string,
): { readonly min: number; readonly max: number; readonly ratio: number } {
  const of = (list: Quantities | undefined, absent: number): number => {
    const text = list?.[resource];
    return text === undefined ? absent : amountOf(text);
  };
  return { min: of(item.min, 0), max: of(item.max, Infinity), ratio: of(item.maxLimitRequestRatio, Infinity) };
}

/** The largest limit up to the present one for which there is a request; if there is none, the smallest above it. */
function nearest(bounds: Bounds): Pair | undefined {
  const { now, low, high } = bounds;
  const bottom = bounds.equal ? Math.max(low.limit, low.request) : low.limit;
  const top = bounds.equal ? Math.min(high.limit, high.request) : high.limit;
  const wanted = Math.min(Math.max(now.limit, bottom), top);
  for (const step of [bounds.step, 1]) {
    const up = (amount: number): number => Math.ceil(amount / step - 1e-9) * step;
    const down = (amount: number): number => Math.floor(amount / step + 1e-9) * step;
    const candidates = wanted === now.limit ? [now.limit] : [wanted === bottom ? up(wanted) : down(wanted)];
    // A smaller limit allows a smaller request by the ratio, so a limit near the request may be possible.
    for (const limit of [...candidates, down(limitFor(bounds, wanted)), up(bottom), up(low.request)]) {
      const request = requestFor(bounds, limit, step > 1 || bounds.step === 1);
      if (request !== undefined && limit >= bottom && limit <= top) return { request, limit };
    }
  }
  return undefined;
}

/** The request for a limit, as near as possible to the present one. */
function requestFor(
  { now, low, high, ratio, equal, step }: Bounds,
  limit: number,
  rounded: boolean,
): number | undefined {
  if (equal) return ratio(limit) <= limit ? limit : undefined;
  const unit = rounded ? step : 1;
  const bottom = Math.ceil(Math.max(low.request, ratio(limit), 1) / unit - 1e-9) * unit;
  const top = Math.floor(Math.min(limit, high.request) / unit + 1e-9) * unit;
  if (now.request >= Math.max(low.request, ratio(limit)) && now.request <= Math.min(limit, high.request))
    return now.request;
  return bottom > top ? undefined : now.request < bottom ? bottom : top;
}

/** The largest limit up to the wanted one for which there is a request, by bisection. */
function limitFor(bounds: Bounds, wanted: number): number {
  const works = (limit: number): boolean => requestFor(bounds, limit, false) !== undefined;
  let [below, above] = [Math.max(bounds.low.limit, 0), wanted];
  for (let round = 0; round < 60 && above - below > 1; round += 1) {
    const middle = (below + above) / 2;
    if (works(middle)) below = middle;
    else above = middle;
  }
  return below;
}
