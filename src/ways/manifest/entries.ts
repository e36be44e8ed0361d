import { skipTrivia, type Source } from './text.ts';
import type { CollectionNode } from './yaml/nodes.ts';

/** A pair of a mapping or an item of a sequence, from its anchor, tag, dash or question mark to its end. */
export interface EntryRange {
  readonly start: number;
  readonly end: number;
}

/** The ranges of the entries of a collection, in their order. */
export function entryRanges({ text }: Source, collection: CollectionNode): EntryRange[] {
  const ends =
    collection.kind === 'map'
      ? collection.pairs.map(({ key, value }) => Math.max(key.end, value.end))
      : collection.items.map(({ end }) => end);
  const ranges: EntryRange[] = [];
  for (const end of ends) {
    const previous = ranges.at(-1)?.end;
    ranges.push({
      start: previous === undefined ? firstStart(text, collection) : nextStart(text, previous, collection.flow),
      end,
    });
  }
  return ranges;
}

function firstStart(text: string, { start, flow, kind }: CollectionNode): number {
  // A pair in a flow sequence, `[a: b]`, is a mapping without brackets.
  return flow && (kind === 'sequence' || text[start] === '{') ? skipTrivia(text, start + 1) : start;
}

function nextStart(text: string, previous: number, flow: boolean): number {
  const at = skipTrivia(text, previous);
  return flow && text[at] === ',' ? skipTrivia(text, at + 1) : at;
}
