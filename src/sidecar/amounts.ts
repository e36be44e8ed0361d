import { quantityAmount } from '../kubernetes/api/resourceQuantity.ts';
import { annotationPrefix } from '../settings/annotations.ts';

/** The amounts that a pod can ask for in its annotations, and flags of the same names: `packet-capture/cpu-request`. */
export const amountNames = ['cpu-request', 'cpu-limit', 'memory-request', 'memory-limit'] as const;
export type AmountName = (typeof amountNames)[number];

/** Amounts as the user wrote them, by name. */
export type SidecarAmounts = Readonly<Partial<Record<AmountName, string>>>;

export function amountAnnotation(name: AmountName): string {
  return `${annotationPrefix}${name}`;
}

/**
 * Quantities of Kubernetes that all ways read alike, none below zero. CEL matches with this text too (RE2).
 * Nano and micro are left out: the API server rounds them up to a thousandth.
 */
export const amountPattern =
  '^([0-9]{1,15}([.][0-9]{0,9})?|[.][0-9]{1,9})(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi|[eE][-+]?[0-9]{1,2})?$';
const pattern = new RegExp(amountPattern);

/** Far above what a node has, far below what the API server can count. */
export const largestAmount = '1P';

/**
 * A container with less memory cannot be started by runc, and a native sidecar that does not start keeps the app
 * waiting: a lower limit counts as this one. Zero is no limit.
 */
export const leastMemoryLimit = '16Mi';

/** The amounts in a pod's annotations that are valid; the others count as absent. */
export function amountsOfAnnotations(annotations: Readonly<Record<string, string>>): SidecarAmounts {
  let amounts: Partial<Record<AmountName, string>> | undefined;
  for (const [name, key] of annotationKeys) {
    const value = annotations[key];
    if (value !== undefined && isAmount(value)) (amounts ??= {})[name] = value;
  }
  return amounts ?? none;
}

/** Whether a pod asks for an amount that is not valid. The empty annotation asks for nothing. */
export function hasInvalidAmount(annotations: Readonly<Record<string, string>>): boolean {
  return annotationKeys.some(([, key]) => (annotations[key] ?? '') !== '' && !isAmount(annotations[key]));
}

/** What is wrong with an amount that a flag gives, in a few words; undefined when it is good. */
export function amountProblem(name: AmountName, value: string): string | undefined {
  if (!isAmount(value))
    return `must be a quantity such as ${name.startsWith('cpu') ? '100m' : '64Mi'}, from 0 to ${largestAmount}`;
  if (name !== 'memory-limit' || isZero(value) || quantityAmount(value) >= quantityAmount(leastMemoryLimit))
    return undefined;
  return `must be at least ${leastMemoryLimit}, or 0 for no limit: with less the sidecar cannot start`;
}

export function isZero(amount: string): boolean {
  return quantityAmount(amount) === 0;
}

function isAmount(value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value) && quantityAmount(value) <= quantityAmount(largestAmount);
}

const annotationKeys = amountNames.map((name) => [name, amountAnnotation(name)] as const);
const none: SidecarAmounts = {};
