import type { Insertion } from './edits.ts';
import { flowLine, flowLines } from './renderBlock.ts';
import { breakNear, indentationBefore, skipTrivia, type Source } from './text.ts';
import type { CollectionNode } from './yaml/nodes.ts';

/** Entries of a flow mapping or items of a flow sequence, made for the way the collection is laid out. */
type MakeEntries = (write: (value: unknown) => string) => readonly string[];

/** How to put entries into a flow collection. */
interface Layout {
  readonly write: (value: unknown) => string;
  /** Between two entries. */
  readonly separator: string;
}

/** Puts entries before the first one. */
export function insertFirst(source: Source, collection: CollectionNode, make: MakeEntries): Insertion {
  if (isEmpty(collection)) return insertOnly(collection, make);
  const { write, separator } = layoutOf(source, collection);
  const text = make(write)
    .map((entry) => `${entry}${separator}`)
    .join('');
  return { offset: firstEntry(source, collection), text };
}

/** Puts entries behind the last one. */
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
 * Fills empty brackets: no space behind the opening one. This is how the removal knows that the brackets were there:
 * a collection that is added whole has white space there, see {@link flowLine}.
 */
function insertOnly({ start }: CollectionNode, make: MakeEntries): Insertion {
  return { offset: start + 1, text: make(flowLine).join(', ') };
}

/** Offset of the first entry of a flow collection that is not empty, with its anchor and tag. */
function firstEntry({ text }: Source, { start }: CollectionNode): number {
  return skipTrivia(text, start + 1);
}

/** One entry a line if the first one has a line of its own, else everything on one line. */
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
