import { nextLine, type Source } from './text.ts';

/** The part of a text that makes one document: offsets, and its number in its file from 1. */
export interface DocumentRange {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Cuts a text into its documents. No scalar, comment or collection can hold a line that begins with `---` or `...` and
 * white space (YAML 1.2.2, rule c-forbidden), so this needs no parser.
 */
export function splitDocuments(source: Source): DocumentRange[] {
  const ranges: DocumentRange[] = [];
  let start = 0;
  const close = (end: number): void => {
    // Comments and directives before a marker belong to the document behind it.
    if (start === end || isPrologue(source, start, end)) return;
    ranges.push({ number: source.origin.documents + ranges.length + 1, start, end });
    start = end;
  };
  for (const { marker, offset } of markers(source.text)) close(marker === '---' ? offset : nextLine(source, offset));
  close(source.text.length);
  return ranges;
}

function* markers(text: string): Generator<{ marker: '---' | '...'; offset: number }> {
  let line = text.startsWith('\uFEFF') ? 1 : 0;
  while (line < text.length) {
    const marker = text.slice(line, line + 3);
    const following = text[line + 3] ?? '\n';
    if ((marker === '---' || marker === '...') && ' \t\r\n'.includes(following)) yield { marker, offset: line };
    const end = text.indexOf('\n', line);
    if (end === -1) return;
    line = end + 1;
  }
}

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
