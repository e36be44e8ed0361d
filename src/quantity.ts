/**
 * The quantities of Kubernetes: sizes and amounts with a suffix, such as `16Mi`, `64M` and `250m`.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */

/** The binary units, by powers of 1024. */
const binaryUnits = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;

const multiples: Readonly<Record<string, number>> = {
  ...Object.fromEntries(['', 'k', 'M', 'G', 'T', 'P', 'E'].map((suffix, power) => [suffix, 1000 ** power])),
  ...Object.fromEntries(binaryUnits.map((suffix, power) => [suffix, 1024 ** power])),
};
const divisors: Readonly<Record<string, number>> = { n: 1e9, u: 1e6, m: 1e3 };

/** The suffixes that {@link parseQuantity} accepts, including the empty one. */
export const quantitySuffixes: readonly string[] = ['', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti'];

/** The same as a regular expression that is valid in RE2 too: `(k|M|…)?`. */
export const suffixPattern = `(${quantitySuffixes.filter((suffix) => suffix !== '').join('|')})?`;

const wholeQuantity = new RegExp(`^([0-9]{1,16})${suffixPattern}$`);

/**
 * Bytes of a quantity in whole numbers: `16Mi`, `64M`, `1048576`.
 *
 * Fractions, exponents and milli-units are valid quantities in Kubernetes. They are refused here and by the agent,
 * because the size of a file or buffer in them is hard to read and rarely meant.
 * @returns the bytes, or undefined when the text is not such a quantity or is above 2^53
 */
export function parseQuantity(text: string): number | undefined {
  const match = wholeQuantity.exec(text);
  if (match === null) return undefined;
  const [, number = '', suffix = ''] = match;
  const bytes = BigInt(number) * BigInt(multiples[suffix] ?? 0);
  return bytes <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(bytes) : undefined;
}

/** Any quantity as a number: `250m` is 0.25. NaN, which equals nothing, for a text that is not a quantity. */
export function quantityAmount(text: string): number {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([a-zA-Z]{0,2})$/.exec(text);
  const [, number = '', suffix = ''] = match ?? [];
  if (suffix === '') return number === '' ? Number.NaN : Number(number);
  const divisor = divisors[suffix];
  return divisor === undefined ? Number(number) * (multiples[suffix] ?? Number.NaN) : Number(number) / divisor;
}

/**
 * Whether two quantities are the same amount, however they are written: `1` and `1000m`, `1Gi` and `1024Mi`. The API
 * server may store a quantity in another form than it was sent.
 */
export function sameQuantity(a: string | number, b: string | number): boolean {
  if (String(a) === String(b)) return true;
  const [x, y] = [quantityAmount(String(a)), quantityAmount(String(b))];
  // Twelve digits: more than what the arithmetic of doubles may lose, and less than what Kubernetes distinguishes.
  return Math.abs(x - y) <= Math.max(Math.abs(x), Math.abs(y)) * 1e-12;
}

/** Bytes as a quantity in whole mebibytes, rounded up: 16777217 is `17Mi`. */
export function formatMebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)}Mi`;
}

/** Bytes as a quantity in the largest binary unit up to Gi that divides them: 67108864 is `64Mi`. */
export function shortestQuantity(bytes: number): string {
  const units = binaryUnits.slice(0, 4);
  const power = units.findIndex((_, index) => index === units.length - 1 || bytes % 1024 ** (index + 1) !== 0);
  return `${bytes / 1024 ** power}${units[power] ?? ''}`;
}

/**
 * Bytes for a message that compares sizes, with at most two decimals, in Ki, Mi or Gi: `1010.02Gi`. The agent writes
 * them in the same way (agent/internal/settings/check.go).
 */
export function preciseBytes(bytes: number): string {
  const power = Math.min(3, Math.max(1, powerOf(bytes)));
  return `${Number((bytes / 1024 ** power).toFixed(2))}${binaryUnits[power] ?? ''}`;
}

/** Bytes for a table or progress, in the largest binary unit in which the number is at least 1: `190.3Ki`. */
export function formatBytes(bytes: number): string {
  const power = Math.min(5, powerOf(bytes));
  return power === 0 ? `${bytes}` : `${(bytes / 1024 ** power).toFixed(1)}${binaryUnits[power] ?? ''}`;
}

function powerOf(bytes: number): number {
  return bytes < 1024 ? 0 : Math.floor(Math.log2(bytes) / 10);
}
