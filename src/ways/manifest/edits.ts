import { breakBefore, startsLine } from './text.ts';

/** Text that is inserted at an offset of the original. */
export interface Insertion {
  readonly offset: number;
  readonly text: string;
}

/** Text of the original that is removed: from `start` up to `end`. */
export interface Deletion {
  readonly start: number;
  readonly end: number;
}

/** The text with the insertions, each at its offset; those at the same offset keep their order. */
export function insertAll(text: string, insertions: readonly Insertion[]): string {
  const parts: string[] = [];
  let done = 0;
  for (const { offset, text: added } of insertions.toSorted((a, b) => a.offset - b.offset)) {
    parts.push(text.slice(done, offset), added);
    done = offset;
  }
  return parts.join('') + text.slice(done);
}

/** The text without the deletions, which may touch or overlap. */
export function deleteAll(text: string, deletions: readonly Deletion[]): string {
  const parts: string[] = [];
  let done = 0;
  for (const { start, end } of merged(text, deletions)) {
    parts.push(text.slice(done, start));
    done = end;
  }
  return parts.join('') + text.slice(done);
}

function merged(text: string, deletions: readonly Deletion[]): Deletion[] {
  const ranges: { start: number; end: number }[] = [];
  for (const { start, end } of deletions.toSorted((a, b) => a.start - b.start)) {
    const last = ranges.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else ranges.push({ start, end });
  }
  // If the text has no final line break, it still has none after its last lines are removed.
  const last = ranges.at(-1);
  if (last?.end === text.length && startsLine(text, last.start) && !startsLine(text, text.length)) {
    last.start -= breakBefore(text, last.start).length;
  }
  return ranges;
}
