import { cpus } from 'node:os';

/** One row of docs/figures.md. */
export interface Figure {
  readonly what: string;
  /** With its unit. */
  readonly measured: string;
  readonly goal: string;
  /** What was measured beside it in the same run, and the ratio to it. */
  readonly beside: string;
}

/** What a bench has found. */
export interface Findings {
  readonly figures: readonly Figure[];
  /** Files in docs/ that it has drawn. */
  readonly plots: readonly { readonly title: string; readonly file: string }[];
}

/** How a bench is to run. */
export interface BenchOptions {
  /** For trying it out: a few minutes at most, and figures that tell nothing. */
  readonly quick: boolean;
  /** Aborted by Ctrl-C: the bench cleans up and throws. */
  readonly signal: AbortSignal;
}

/** What figures depend on. */
export function machineAndDate(): string {
  return `${cpus().length} cores of ${cpus()[0]?.model ?? 'an unknown processor'}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}
