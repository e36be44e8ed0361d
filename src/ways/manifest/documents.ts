import { nextLine, type Source } from './text.ts';

/** The part of a text that makes one document: offsets, and its number in its file from 1. */
export interface DocumentRange {
  readonly number: number;
  readonly start: number;
  readonly end: number;
  /** It stands between a `...` and the next `---`: kubectl does not look at it. */
  readonly unread: boolean;
}

/**
 * Cuts a text into its documents. No scalar, comment or collection can hold a line that begins with `---` or `...` and
 * white space (YAML 1.2.2, rule c-forbidden), so this needs no parser.
 */
export function splitDocuments(source: Source): DocumentRange[] {
  const ranges: DocumentRange[] = [];
  let start = 0;
  let ended = false;
  const close = (end: number): void => {
    // Comments and directives before a marker belong to the document behind it.
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

/** At the start of a line, with nothing but a byte order mark before them. */
const markers = /(?:^|[\n\r])\uFEFF?(---|\.\.\.)(?=[ \t\n\r]|$)/g;

/** True if there is nothing but blank lines, comments and directives. */
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
