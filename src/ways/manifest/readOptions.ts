import type { ParsedDocument } from './parseDocument.ts';
import type { Selects } from './selection.ts';
import type { Kinds } from './templateKinds.ts';
import type { Origin } from './text.ts';
import { workloadsOf, type Workload } from './workloads.ts';

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

/** The workloads of a document, by whether they are meant. */
export interface SelectedWorkloads {
  readonly selected: readonly Workload[];
  readonly others: readonly OtherWorkload[];
}

/** A workload that is not meant. */
export interface OtherWorkload {
  readonly kind: string;
  readonly name: string;
}

/**
 * @throws MANIFEST_INVALID for fields of a wrong type, and for a given path that finds nothing in an object that is
 * meant;
 *   YAML_INVALID
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
