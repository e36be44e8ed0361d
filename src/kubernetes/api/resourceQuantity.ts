const divisors: Readonly<Record<string, number>> = { n: 1e9, u: 1e6, m: 1e3 };
const factors: Readonly<Record<string, number>> = {
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * True if two quantities are the same amount, however they are written: `1` and `1000m`, `1Gi` and `1024Mi`. The API
 * server stores them in a form of its own.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function sameQuantity(a: string | number, b: string | number): boolean {
  if (String(a) === String(b)) return true;
  const [x, y] = [quantityAmount(String(a)), quantityAmount(String(b))];
  // Twelve digits: what the arithmetic of doubles may lose is far below, what Kubernetes tells apart is above.
  return Math.abs(x - y) <= Math.max(Math.abs(x), Math.abs(y)) * 1e-12;
}

/** A quantity as a number, `250m` as 0.25; NaN, which equals nothing, for what is no quantity. */
export function quantityAmount(text: string): number {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([a-zA-Z]{0,2})$/.exec(text);
  const [, number = '', suffix = ''] = match ?? [];
  if (suffix === '') return number === '' ? Number.NaN : Number(number);
  const divisor = divisors[suffix];
  return divisor === undefined ? Number(number) * (factors[suffix] ?? Number.NaN) : Number(number) / divisor;
}
