import { nextLine, type Source } from './text.ts';

/** The part of a text that is one document: its offsets, and its number in the file, from 1. */
export interface DocumentRange {
  readonly number: number;
  readonly start: number;
  readonly end: number;
  /** It is between a `...` and the next `---`, which kubectl ignores. */
  readonly unread: boolean;
}

/**
 * Splits a text into its documents. It needs no parser, because no scalar, comment or collection can contain a line
 * that begins with `---` or `...` and white space (YAML 1.2.2, rule c-forbidden).
 */
export function splitDocuments(source: Source): DocumentRange[] {
  const ranges: DocumentRange[] = [];
  let start = 0;
  let ended = false;
  const close = (end: number): void => {
    // Comments and directives before a marker belong to the document after it.
    if (start === end || isPrologue(source, start, end)) return;
    ranges.push({ number: source.origin.documents + ranges.length + 1, start, end, unread: ended });
    start = end;
  };
  for (const { 1: marker, index } of source.text.matchAll(markers)) {
    const offset = index + (/^[\n\r]/.test(source.text.charAt(index)) ? 1 : 0);
    if (marker === '---') close(offset);
    else close(nextLine(source, offset));
    ended = marker === '...';
  }
  close(source.text.length);
  return ranges;
}

/** At the start of a line; only a byte order mark may be before them. */
const markers = /(?:^|[\n\r])\uFEFF?(---|\.\.\.)(?=[ \t\n\r]|$)/g;

/** Whether a part contains only blank lines, comments and directives. */
function isPrologue(source: Source, start: number, end: number): boolean {
  for (let line = start; line < end; line = nextLine(source, line)) {
    const content = source.text
      .slice(line, Math.min(nextLine(source, line), end))
      .replace(/^\uFEFF/, '')
      .trim();
    if (content !== '' && !content.startsWith('#') && !content.startsWith('%')) return false;
  }
  return true;
}
