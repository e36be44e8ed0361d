import { sameQuantity } from '../quantity.ts';

/**
 * True if `present` has everything that `wanted` says, at every depth, as the API server would store it. It may have
 * more: the server writes its defaults into what it stores (`terminationMessagePath`, `protocol`, …). It may say it
 * another way: the server leaves out what is zero (`stdin: false`, `value: ""`), and has its own form of quantities.
 */
export function matches(present: unknown, wanted: unknown): boolean {
  return matchesAt(present, wanted, false);
}

/** Keys whose values, at any depth below them, are quantities. */
const quantityKeys: readonly string[] = ['limits', 'requests', 'sizeLimit', 'divisor'];

function matchesAt(present: unknown, wanted: unknown, quantity: boolean): boolean {
  if (present == null) return isLeftOut(wanted);
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(present) &&
      present.length === wanted.length &&
      wanted.every((item, index) => matchesAt(present[index], item, quantity))
    );
  }
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof present !== 'object') return false;
    const fields = present as Record<string, unknown>;
    return Object.entries(wanted).every(([key, value]) =>
      matchesAt(fields[key], value, quantity || quantityKeys.includes(key)),
    );
  }
  return (
    Object.is(present, wanted) || (quantity && isScalar(present) && isScalar(wanted) && sameQuantity(present, wanted))
  );
}

/** Zero values, as Go's `omitempty` has them. Not the empty mapping: `emptyDir: {}` is stored, and says something. */
function isLeftOut(value: unknown): boolean {
  return (
    value == null || value === false || value === 0 || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
