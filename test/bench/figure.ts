/** One row of docs/figures.md. */
export interface Figure {
  readonly what: string;
  /** With its unit. */
  readonly measured: string;
  readonly goal: string;
  /** What was measured beside it in the same run, and the ratio to it. */
  readonly beside: string;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}
