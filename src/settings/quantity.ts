const suffixes: Readonly<Record<string, bigint>> = {
  '': 1n,
  k: 1000n,
  M: 1000n ** 2n,
  G: 1000n ** 3n,
  T: 1000n ** 4n,
  Ki: 1024n,
  Mi: 1024n ** 2n,
  Gi: 1024n ** 3n,
  Ti: 1024n ** 4n,
};

/** The suffixes that {@link parseQuantity} accepts, including the empty one. */
export const quantitySuffixes: readonly string[] = Object.keys(suffixes);

/**
 * Bytes of a Kubernetes quantity in whole numbers: `16Mi`, `64M`, `1048576`.
 *
 * Fractions, exponents and milli-units are valid quantities in Kubernetes. They are refused here and by the agent,
 * because the size of a file or buffer in them is hard to read and rarely meant.
 * @returns the bytes, or undefined when the text is not such a quantity or is above 2^53
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(text: string): number | undefined {
  const match = /^(\d{1,16})([kMGT]|[KMGT]i)?$/.exec(text);
  if (match === null) return undefined;
  const unit = suffixes[match[2] ?? ''];
  if (unit === undefined) return undefined;
  const bytes = BigInt(match[1] ?? '') * unit;
  return bytes <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(bytes) : undefined;
}

/** Bytes as a quantity in whole mebibytes, rounded up: 16777217 is `17Mi`. */
export function formatMebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)}Mi`;
}

/** Bytes as a quantity in the largest binary unit that divides them: 67108864 is `64Mi`. */
export function shortestQuantity(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi'];
  const power = units.findIndex((_, index) => index === units.length - 1 || bytes % 1024 ** (index + 1) !== 0);
  return `${bytes / 1024 ** power}${units[power] ?? ''}`;
}

/** Bytes for people, in the largest binary unit that gives at least 1, with at most two decimals: `1010.02Gi`. */
export function formatBytes(bytes: number): string {
  const units = ['Ki', 'Mi', 'Gi'];
  const power = Math.min(units.length, Math.max(1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10)));
  return `${Number((bytes / 1024 ** power).toFixed(2))}${units[power - 1] ?? ''}`;
}
