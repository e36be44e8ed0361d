import { quantityAmount, shortestQuantity } from '../quantity.ts';

/** Amounts by resource in thousandths: exact for millicores, and for bytes up to eight tebibytes. */
export type Amounts = Readonly<Record<string, number>>;

type Quantities = Readonly<Record<string, string | number>>;

/** The amounts of requests or limits; none when they are absent. */
export function amountsOf(quantities: Quantities | null | undefined): Amounts {
  return Object.fromEntries(Object.entries(quantities ?? {}).map(([name, text]) => [name, amountOf(text)]));
}

/** A quantity in thousandths. */
export function amountOf(text: string | number): number {
  return Math.round(quantityAmount(String(text)) * 1000);
}

/** The sum of each resource. */
export function sumOf(a: Amounts, b: Amounts): Amounts {
  return combine(a, b, (x, y) => x + y);
}

/** The larger amount of each resource. */
export function largestOf(a: Amounts, b: Amounts): Amounts {
  return combine(a, b, Math.max);
}

/** Combines amounts; a resource that only one side has keeps its amount, as in Kubernetes. */
function combine(a: Amounts, b: Amounts, both: (x: number, y: number) => number): Amounts {
  const result: Record<string, number> = { ...a };
  for (const [name, amount] of Object.entries(b)) {
    const present = result[name];
    result[name] = present === undefined ? amount : both(present, amount);
  }
  return result;
}

/** Formats a quantity as a user would write it: `63m`, `2`, `128Mi`. @param amount in thousandths */
export function quantityText(resource: string, amount: number): string {
  if (amount % 1000 !== 0) return `${amount}m`;
  const whole = amount / 1000;
  return whole > 0 && /memory|storage|hugepages/.test(resource) ? shortestQuantity(whole) : String(whole);
}
