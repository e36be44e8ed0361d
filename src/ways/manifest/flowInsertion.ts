import type { Insertion } from './edits.ts';
import { flowLine, flowLines } from './renderBlock.ts';
import { breakNear, indentationBefore, skipTrivia, type Source } from './text.ts';
import type { CollectionNode } from './yaml/nodes.ts';

/** Makes the entries of a flow mapping, or the items of a flow sequence, in the layout of the collection. */
type MakeEntries = (write: (value: unknown) => string) => readonly string[];

/** How entries are written into a flow collection. */
interface Layout {
  readonly write: (value: unknown) => string;
  /** The text between two entries. */
  readonly separator: string;
}

/** Inserts entries before the first one. */
export function insertFirst(source: Source, collection: CollectionNode, make: MakeEntries): Insertion {
  if (isEmpty(collection)) return insertOnly(collection, make);
  const { write, separator } = layoutOf(source, collection);
  const text = make(write)
    .map((entry) => `${entry}${separator}`)
    .join('');
  return { offset: firstEntry(source, collection), text };
}

/** Inserts entries after the last one. */
export function insertLast(source: Source, collection: CollectionNode, make: MakeEntries): Insertion {
  const last = collection.kind === 'map' ? collection.pairs.at(-1)?.value : collection.items.at(-1);
  if (last === undefined) return insertOnly(collection, make);
  const { write, separator } = layoutOf(source, collection);
  return {
    offset: last.end,
    text: make(write)
      .map((entry) => `${separator}${entry}`)
      .join(''),
  };
}

/**
 * Fills empty brackets, without a space after the opening one. By this the removal knows that the brackets were there:
 * a collection that is added as a whole has white space, see {@link flowLine}.
 */
function insertOnly({ start }: CollectionNode, make: MakeEntries): Insertion {
  return { offset: start + 1, text: make(flowLine).join(', ') };
}

/** Offset of the first entry (with its anchor and tag) of a flow collection that is not empty. */
function firstEntry({ text }: Source, { start }: CollectionNode): number {
  return skipTrivia(text, start + 1);
}

/** Each entry on its own line if the first one has one, otherwise all entries on one line. */
function layoutOf(source: Source, collection: CollectionNode): Layout {
  const first = firstEntry(source, collection);
  const indent = indentationBefore(source, first);
  if (indent === undefined) return { write: flowLine, separator: ', ' };
  const outer = indentationBefore(source, collection.end - 1);
  const step =
    outer !== undefined && indent.length > outer.length && indent.startsWith(outer) ? indent.slice(outer.length) : '  ';
  const prefix = `${breakNear(source, first)}${indent}`;
  return { write: (value) => flowLines(value, step, prefix), separator: `,${prefix}` };
}

function isEmpty(collection: CollectionNode): boolean {
  return (collection.kind === 'map' ? collection.pairs : collection.items).length === 0;
}
