import { sameQuantity } from '../quantity.ts';

/**
 * True if `present` is the stored form of `wanted`. It may contain more, because the API server adds its defaults
 * (`terminationMessagePath`, `protocol`, …). It may be written in another way, because the server leaves out zero
 * values (`stdin: false`, `value: ""`) and normalises quantities.
 */
export function matches(present: unknown, wanted: unknown): boolean {
  return matchesAt(present, wanted, false);
}

/** The keys below which all values are quantities. */
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

/** The zero values of Go's `omitempty`. An empty mapping is not one: `emptyDir: {}` is stored and significant. */
function isLeftOut(value: unknown): boolean {
  return (
    value == null || value === false || value === 0 || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
