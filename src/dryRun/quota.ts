import type { PodSpec, Metadata } from '../kubernetes/api/types.ts';
import { amountsOf, quantityText } from './podAmounts.ts';
import { quotaUsage } from './usage.ts';

/** The fields of a ResourceQuota that are read. */
export interface ResourceQuota {
  readonly metadata: Metadata;
  readonly spec?: {
    readonly scopes?: readonly string[];
    readonly scopeSelector?: { readonly matchExpressions?: readonly ScopeTerm[] };
  };
  readonly status?: {
    readonly hard?: Readonly<Record<string, string>>;
    readonly used?: Readonly<Record<string, string>>;
  };
}

interface ScopeTerm {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** The present pods of a workload, and the pods that replace them. */
export interface Replacement {
  /** The pods that count in the quotas now. */
  readonly present: readonly PodSpec[];
  /** How many pods are wanted. */
  readonly replicas: number;
  /** Whether a new pod must exist before an old one is deleted, so that for a while there is one more. */
  readonly surge: boolean;
  readonly with: PodSpec;
  readonly without: PodSpec;
}

/** A quota without room for all new pods. */
export interface Shortage {
  readonly quota: string;
  /** The quota's name of the resource: `requests.memory`. */
  readonly resource: string;
  /** How many replicas fit with the sidecar, and without it. */
  readonly fitting: { readonly with: number; readonly without: number };
  /** A clause with the numbers. */
  readonly words: string;
  /** By how much the quota is too small, a quantity. */
  readonly missing: string;
  /** What is left for the sidecar of each pod, in thousandths; negative when the app alone does not fit. */
  readonly leftForSidecar: number;
  /** Whether fewer replicas fit with the sidecar than without it, or only the sidecar makes the rollout stop. */
  readonly bySidecar: boolean;
}

/**
 * Whether a workload's pods fit into the quotas with the sidecar. The present pods free what they use, so a refusal of
 * one more pod does not mean that the new pods do not fit, and its acceptance does not mean that all of them fit.
 * @returns the worst shortage, preferably one that only the sidecar causes; undefined when all pods fit
 */
export function quotaShortage(quotas: readonly ResourceQuota[], replacement: Replacement): Shortage | undefined {
  const rows = quotas.flatMap((quota) => rowsOf(quota, replacement));
  const short = rows.filter((row) => needed(row, row.with, replacement) > row.left);
  const [worst] = short.toSorted(
    (a, b) =>
      Number(needed(a, a.without, replacement) > a.left) - Number(needed(b, b.without, replacement) > b.left) ||
      fitting(a, a.with, replacement) - fitting(b, b.with, replacement),
  );
  if (worst === undefined) return undefined;
  const fit = { with: podsThatFit(quotas, replacement, 'with'), without: podsThatFit(quotas, replacement, 'without') };
  const goesWithout = rows.every((row) => needed(row, row.without, replacement) <= row.left);
  return { ...shortageOf(worst, replacement), fitting: fit, bySidecar: goesWithout || fit.with < fit.without };
}

/** How many replicas fit into all quotas together after the present pods are deleted. */
export function podsThatFit(
  quotas: readonly ResourceQuota[],
  replacement: Replacement,
  which: 'with' | 'without',
): number {
  const rows = quotas.flatMap((quota) => rowsOf(quota, replacement));
  return Math.min(replacement.replicas, ...rows.map((row) => fitting(row, row[which], replacement)));
}

/** One resource of a quota, in thousandths. */
interface Row {
  readonly quota: string;
  readonly resource: string;
  readonly hard: number;
  /** What is left without the workload's pods. */
  readonly left: number;
  /** What a present pod uses, and a new pod. */
  readonly old: number;
  readonly with: number;
  readonly without: number;
}

function rowsOf(quota: ResourceQuota, { present, ...pods }: Replacement): Row[] {
  const used = amountsOf(quota.status?.used);
  return Object.entries(amountsOf(quota.status?.hard)).map(([resource, hard]) => {
    const charge = (spec: PodSpec): number => (inScope(quota, spec) ? (quotaUsage(spec)[resource] ?? 0) : 0);
    const charged = present.map(charge);
    const others = (used[resource] ?? 0) - charged.reduce((sum, amount) => sum + amount, 0);
    const without = charge(pods.without);
    return {
      quota: quota.metadata.name,
      resource,
      hard,
      left: hard - others,
      old: charged[0] ?? without,
      with: charge(pods.with),
      without,
    };
  });
}

function needed({ old }: Row, one: number, { replicas, surge }: Replacement): number {
  return one === 0 ? 0 : replicas * one + (surge ? old : 0);
}

function fitting({ left }: Row, one: number, { replicas }: Replacement): number {
  return one === 0 ? replicas : Math.min(replicas, Math.max(0, Math.floor(left / one)));
}

function shortageOf(row: Row, replacement: Replacement): Omit<Shortage, 'fitting' | 'bySidecar'> {
  const { quota, resource, hard, left, old } = row;
  const { replicas, surge } = replacement;
  const text = (amount: number): string => quantityText(resource, amount);
  const many = replicas === 1 ? 'the pod needs' : `${replicas} pods need`;
  const more = surge ? `, and ${text(old)} for the old pod that has to stay meanwhile` : '';
  return {
    quota,
    resource,
    words:
      `quota ${quota}: with the sidecar ${many} ${text(replicas * row.with)} of ${resource}${more}; ` +
      `${text(Math.max(0, left))} of ${text(hard)} is left for them`,
    missing: text(needed(row, row.with, replacement) - left),
    leftForSidecar: Math.floor((left - (surge ? old : 0)) / Math.max(1, replicas)) - row.without,
  };
}

/**
 * Whether a quota counts a pod at all.
 * @see podMatchesScopeFunc in pkg/quota/v1/evaluator/core/pods.go of kubernetes/kubernetes
 */
export function inScope({ spec }: ResourceQuota, pod: PodSpec): boolean {
  const plain = (spec?.scopes ?? []).map((scopeName): ScopeTerm => ({ scopeName, operator: 'Exists' }));
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])].every((term) => meetsScope(term, pod));
}

function meetsScope({ scopeName, operator, values = [] }: ScopeTerm, pod: PodSpec): boolean {
  switch (scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return !isTerminating(pod);
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass': {
      const name = typeof pod['priorityClassName'] === 'string' ? pod['priorityClassName'] : '';
      if (operator === 'Exists') return name !== '';
      if (operator === 'DoesNotExist') return name === '';
      return operator === 'In' ? name !== '' && values.includes(name) : !values.includes(name);
    }
    case 'CrossNamespacePodAffinity':
      return /"namespaces":\["|"namespaceSelector":\{/.test(JSON.stringify(pod['affinity'] ?? {}));
    default:
      return false;
  }
}

function isTerminating(pod: PodSpec): boolean {
  return typeof pod['activeDeadlineSeconds'] === 'number' && pod['activeDeadlineSeconds'] >= 0;
}

/** No container asks for cpu or memory or limits them, nor the pod as a whole (pkg/apis/core/v1/helper/qos/qos.go). */
function isBestEffort({ containers, initContainers, resources }: PodSpec): boolean {
  const holders = [resources, ...[...(containers ?? []), ...(initContainers ?? [])].map((one) => one.resources)];
  return !holders.some((one) =>
    [one?.requests, one?.limits].some((list) => {
      const amounts = amountsOf(list);
      return (amounts['cpu'] ?? 0) > 0 || (amounts['memory'] ?? 0) > 0;
    }),
  );
}
