import { isBreak } from './yaml/characters.ts';

/**
 * A text and the starts of its lines. A line ends with LF, CRLF, CR, NEL, LS or PS, as in YAML 1.1. Every function here
 * takes at most logarithmic time, because a minified JSON file is one line of megabytes.
 */
export interface Source {
  readonly text: string;
  /** The file's name, as the user gave it. */
  readonly file: string;
  readonly lineStarts: readonly number[];
  readonly origin: Origin;
}

/** What is before a text in its file: the number of whole lines and of documents. */
export interface Origin {
  readonly lines: number;
  readonly documents: number;
}

/** The start of a file. */
export const fileStart: Origin = { lines: 0, documents: 0 };

/** Finds the lines of a text. */
export function openSource(text: string, file: string, origin: Origin = fileStart): Source {
  const lineStarts = [0];
  for (const { index, 0: lineBreak } of text.matchAll(/\r\n|[\n\r\u0085\u2028\u2029]/g))
    lineStarts.push(index + lineBreak.length);
  return { text, file, lineStarts, origin };
}

/** The number of the line with `offset` in the file, from 1. */
export function lineNumber(source: Source, offset: number): number {
  return source.origin.lines + lineIndex(source, offset) + 1;
}

function lineIndex({ lineStarts }: Source, offset: number): number {
  let low = 0;
  let high = lineStarts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low;
}

/** Offset of the first character of the line with `offset`. */
export function lineStart(source: Source, offset: number): number {
  return source.lineStarts[lineIndex(source, offset)] ?? 0;
}

/** Offset of the line after the one with `offset`, or the end of the text. */
export function nextLine(source: Source, offset: number): number {
  return source.lineStarts[lineIndex(source, offset) + 1] ?? source.text.length;
}

/** Offset of the line break that ends the line of `offset`, or the end of the text. */
export function lineEnd(source: Source, offset: number): number {
  const next = nextLine(source, offset);
  return next - (next > offset ? breakBefore(source.text, next).length : 0);
}

/** Offset of the first line that begins at or after `offset`, which is the end of some content. */
export function lineAfter(source: Source, offset: number): number {
  return startsLine(source.text, offset) ? offset : nextLine(source, offset);
}

/** The line break for a new line next to the one of `offset`: that of this line, else of the one before, else LF. */
export function breakNear(source: Source, offset: number): string {
  const ends = [nextLine(source, offset), lineStart(source, offset)];
  // Most other programs know only these line breaks.
  return ends.map((end) => breakBefore(source.text, end)).find((lineBreak) => /^[\r\n]/.test(lineBreak)) ?? '\n';
}

/** The white space before `offset` if there is nothing else on its line, undefined otherwise. */
export function indentationBefore(source: Source, offset: number): string | undefined {
  const prefix = source.text.slice(contentStart(source, offset), offset);
  return /^[ \t]*$/.test(prefix) ? prefix : undefined;
}

/** Characters between the start of the line and `offset`. */
export function column(source: Source, offset: number): number {
  return offset - contentStart(source, offset);
}

/** A byte order mark takes no column. */
function contentStart(source: Source, offset: number): number {
  const start = lineStart(source, offset);
  return source.text[start] === '\uFEFF' ? start + 1 : start;
}

/** Whether a line begins at `offset`. */
export function startsLine(text: string, offset: number): boolean {
  return offset === 0 || isBreak(text.charCodeAt(offset - 1));
}

/** The line break that ends right before `offset`, or the empty string. */
export function breakBefore(text: string, offset: number): string {
  if (!startsLine(text, offset) || offset === 0) return '';
  return text.endsWith('\r\n', offset) ? '\r\n' : text.charAt(offset - 1);
}

/** Offset of the first character at or after `offset` that is not white space, a line break or a comment. */
export function skipTrivia(text: string, offset: number): number {
  let at = offset;
  let comment = false;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isBreak(code)) comment = false;
    else if (code === 0x23) comment = true;
    else if (!comment && code !== 0x20 && code !== 0x09) break;
  }
  return at;
}
