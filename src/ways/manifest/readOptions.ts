import type { ParsedDocument } from './parseDocument.ts';
import type { Selects } from './selection.ts';
import type { Kinds } from './templateKinds.ts';
import type { Origin } from './text.ts';
import { workloadsOf, type Workload } from './workloads.ts';

/** How a text is read, and which workloads are changed. */
export interface ReadOptions {
  /** The name of the text in errors. */
  readonly file: string;
  /** What is before the text in its file. */
  readonly origin?: Origin | undefined;
  /** The kinds with a pod template; undefined: the known ones. */
  readonly kinds?: Kinds | undefined;
  /** Which workloads are selected; undefined: all. The others are not reported. */
  readonly selects?: Selects | undefined;
}

/** The workloads of a document: the selected ones, and the others. */
export interface SelectedWorkloads {
  readonly selected: readonly Workload[];
  readonly others: readonly OtherWorkload[];
}

/** A workload that is not selected. */
export interface OtherWorkload {
  readonly kind: string;
  readonly name: string;
}

/**
 * Selects the workloads of a document.
 * @throws MANIFEST_INVALID for fields of a wrong type, and for a path of the user that matches nothing in a selected
 * object; YAML_INVALID
 */
export function selectWorkloads(document: ParsedDocument, { kinds, selects }: ReadOptions): SelectedWorkloads {
  const all = workloadsOf(document, kinds);
  const selected = selects === undefined ? all : all.filter(selects);
  const others = selects === undefined ? [] : all.filter((workload) => !selects(workload));
  for (const { place, template, kind, start } of selected) {
    if (template !== undefined || place.given === undefined) continue;
    throw document.fail(
      'MANIFEST_INVALID',
      start,
      `--template-path ${place.given} finds nothing in this ${kind}`,
      'Correct the path, or leave the object out with --kind, --name or -l; nothing was written.',
    );
  }
  return { selected, others: others.map(({ kind, name }) => ({ kind, name })) };
}
