import type { Kinds } from './kinds.ts';
import type { Selects } from './selection.ts';
import type { Origin } from './text.ts';
import type { Workload } from './workload.ts';

/** How a text is read. */
export interface ReadOptions {
  /** The text's name for errors. */
  readonly file: string;
  /** Of a text that is a part of its file. */
  readonly origin?: Origin | undefined;
  /** Those with a pod template; undefined: those that are known. */
  readonly kinds?: Kinds | undefined;
  /** The workloads that are meant; undefined: all. Of others nothing is said. */
  readonly selects?: Selects | undefined;
}

export function isSelected(workload: Workload, { selects }: ReadOptions): boolean {
  return selects?.(workload) !== false;
}
