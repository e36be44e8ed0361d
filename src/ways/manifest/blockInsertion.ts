import type { Insertion } from './edits.ts';
import {
  breakBefore,
  breakNear,
  column,
  indentationBefore,
  lineAfter,
  lineStart,
  nextLine,
  skipTrivia,
  startsLine,
  type Source,
} from './text.ts';
import { isAbsent, type CollectionNode, type Pair, type SequenceNode } from './yaml/nodes.ts';

/**
 * Inserts lines at the top of a block collection: directly after the line that opens it and before its comments, which
 * so stay next to the entry that they describe.
 * @param root true for the outermost collection, which no line opens
 */
export function insertAtTop(
  source: Source,
  { start }: CollectionNode,
  lines: readonly string[],
  root: boolean,
): Insertion {
  const indent = ' '.repeat(column(source, start));
  const lineBreak = breakNear(source, start);
  if (root || indentationBefore(source, start) === undefined) {
    return { offset: start, text: lines.map((line) => `${line}${lineBreak}${indent}`).join('') };
  }
  let offset = lineStart(source, start);
  while (offset > 0 && isBlankOrComment(source, lineStart(source, offset - 1))) offset = lineStart(source, offset - 1);
  return { offset, text: lines.map((line) => `${indent}${line}${lineBreak}`).join('') };
}

/** Inserts lines after the last item of a block sequence, and after the comments that are indented like its content. */
export function insertAtEnd(source: Source, { start, end }: SequenceNode, lines: readonly string[]): Insertion {
  const dash = column(source, start);
  let offset = lineAfter(source, end);
  for (let line = offset; line < source.text.length && isBlankOrComment(source, line); line = nextLine(source, line)) {
    const content = skipBlanks(source.text, line);
    if (source.text[content] === '#' && content - line > dash) offset = nextLine(source, line);
    else if (source.text[content] === '#') break;
  }
  return insertLines(source, offset, ' '.repeat(dash), lines);
}

/**
 * Makes lines the value of a key that has no value or a plain null. A comment tells readers and the removal what was
 * there: `volumes: # was empty`, `volumes: # was null`.
 * @returns undefined when the text has no place for it
 */
export function insertAsValue(
  source: Source,
  { key, value }: Pair,
  indent: number,
  lines: readonly string[],
): Insertion[] | undefined {
  const colon = skipTrivia(source.text, key.end);
  if (value.kind !== 'scalar' || value.anchor !== undefined || value.tag !== undefined || source.text[colon] !== ':')
    return undefined;
  if (!isAbsent(value) && !/^[ \t]+$/.test(source.text.slice(colon + 1, value.start))) return undefined;
  return [
    { offset: colon + 1, text: isAbsent(value) ? wasEmpty : wasNull },
    insertLines(source, nextLine(source, value.end), ' '.repeat(indent), lines),
  ];
}

/** The comments after such a key; `wasNull` is followed by the null as it was written. */
export const wasEmpty = ' # was empty';
/** The value was written as a null: `volumes: null # was`. */
export const wasNull = ' # was';

/** If the text has no final line break, it still has none afterwards. */
function insertLines(source: Source, offset: number, indent: string, lines: readonly string[]): Insertion {
  const before = breakBefore(source.text, offset);
  const lineBreak = /^[\r\n]/.test(before) ? before : breakNear(source, offset);
  const atEnd = !startsLine(source.text, offset);
  return {
    offset,
    text: lines.map((line) => (atEnd ? `${lineBreak}${indent}${line}` : `${indent}${line}${lineBreak}`)).join(''),
  };
}

function isBlankOrComment(source: Source, line: number): boolean {
  const content = skipBlanks(source.text, line);
  return content >= source.text.length || '#\r\n'.includes(source.text.charAt(content));
}

function skipBlanks(text: string, offset: number): number {
  let at = offset;
  while (text[at] === ' ' || text[at] === '\t') at += 1;
  return at;
}
