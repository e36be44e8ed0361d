/**
 * True if `present` has everything that `wanted` says, at every depth. It may have more: the API server writes its
 * defaults into what it stores (`terminationMessagePath`, `protocol`, …).
 */
export function carries(present: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(present) && present.length === wanted.length && wanted.every((item, index) => carries(present[index], item));
  }
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof present !== 'object' || present === null) return false;
    return Object.entries(wanted).every(([key, value]) => carries((present as Record<string, unknown>)[key], value));
  }
  return Object.is(present, wanted);
}
