import { quantityAmount } from '../quantity.ts';
import { annotationPrefix } from '../settings/annotations.ts';

/**
 * The sidecar's amounts of CPU and memory, by annotations of a pod or flags of the same names:
 * `packet-capture/cpu-request`.
 */
export const amountNames = ['cpu-request', 'cpu-limit', 'memory-request', 'memory-limit'] as const;
/** The name of an amount: a flag without its dashes, and an annotation without its prefix. */
export type AmountName = (typeof amountNames)[number];

/** Amounts as the user wrote them, by name. */
export type SidecarAmounts = Readonly<Partial<Record<AmountName, string>>>;

/** The key of the annotation: `packet-capture/cpu-request`. */
export function amountAnnotation(name: AmountName): string {
  return `${annotationPrefix}${name}`;
}

/**
 * The quantities of Kubernetes, from zero on, that all ways read in the same way. CEL uses this pattern too (RE2).
 * Nano and micro are refused, because the API server rounds them up to a thousandth.
 */
export const amountPattern =
  '^([0-9]{1,15}([.][0-9]{0,9})?|[.][0-9]{1,9})(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi|[eE][-+]?[0-9]{1,2})?$';
const pattern = new RegExp(amountPattern);

/** Far above the size of a node, and far below the largest number of the API server. */
export const largestAmount = '1P';

/**
 * runc cannot start a container with less memory, and a native sidecar that does not start blocks the app. So a lower
 * limit counts as this one. Zero means no limit.
 */
export const leastMemoryLimit = '16Mi';

/** The valid amounts in a pod's annotations. Invalid ones count as absent. */
export function amountsOfAnnotations(annotations: Readonly<Record<string, string>>): SidecarAmounts {
  let amounts: Partial<Record<AmountName, string>> | undefined;
  for (const [name, key] of annotationKeys) {
    const value = annotations[key];
    if (value !== undefined && isAmount(value)) (amounts ??= {})[name] = value;
  }
  return amounts ?? none;
}

/** Whether a pod has an amount that is not valid. An empty annotation counts as absent. */
export function hasInvalidAmount(annotations: Readonly<Record<string, string>>): boolean {
  return annotationKeys.some(([, key]) => (annotations[key] ?? '') !== '' && !isAmount(annotations[key]));
}

/** The problem of an amount of a flag, in a few words; undefined when it is valid. */
export function amountProblem(name: AmountName, value: string): string | undefined {
  if (!isAmount(value))
    return `must be a quantity such as ${name.startsWith('cpu') ? '100m' : '64Mi'}, from 0 to ${largestAmount}`;
  if (name !== 'memory-limit' || isZero(value) || quantityAmount(value) >= quantityAmount(leastMemoryLimit))
    return undefined;
  return `must be at least ${leastMemoryLimit}, or 0 for no limit: the sidecar cannot start with less`;
}

/** Whether a valid quantity is zero, which means no request or no limit. */
export function isZero(amount: string): boolean {
  return quantityAmount(amount) === 0;
}

function isAmount(value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value) && quantityAmount(value) <= quantityAmount(largestAmount);
}

const annotationKeys = amountNames.map((name) => [name, amountAnnotation(name)] as const);
const none: SidecarAmounts = {};
