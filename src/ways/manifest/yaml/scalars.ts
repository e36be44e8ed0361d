import {
  behindBreak,
  breakText,
  carriageReturn,
  endOfLine,
  endsWord,
  isBlank,
  isBreak,
  isMarker,
  lineFeed,
  space,
  tab,
} from './characters.ts';
import { syntaxError } from './problem.ts';

/** A scalar, and where the scanner continues. */
export interface ScannedScalar {
  /** Its first character: a quote, a letter, or the first line below the header of a block scalar. */
  readonly start: number;
  /** After its last character; for a block scalar the start of the next line. */
  readonly end: number;
  readonly text: string;
  /** Where to continue: after white space that was read already. */
  readonly next: number;
  /** The start of the line with `next`. */
  readonly lineStart: number;
}

/** White space between two words of a scalar that may have several lines. */
interface Gap {
  readonly end: number;
  readonly lineStart: number;
  /** What it is in the value: a single line break becomes a blank. */
  readonly text: string;
  readonly lines: boolean;
}

/**
 * Reads a scalar without quotes.
 * @param indent the columns that a further line must have outside of flow collections
 * @see yaml_parser_scan_plain_scalar of go.yaml.in/yaml/v2, scannerc.go; the same file has the other functions
 */
export function scanPlain(
  text: string,
  start: number,
  firstLine: number,
  indent: number,
  flow: boolean,
): ScannedScalar {
  let value = '';
  let between = '';
  let at = start;
  let end = start;
  let lineStart = firstLine;
  for (;;) {
    if (text.charCodeAt(at) === 0x23 || (at === lineStart && isMarker(text, at))) break;
    const from = at;
    at = plainEnd(text, at, flow);
    if (at > from) {
      value += between + text.slice(from, at);
      end = at;
    }
    if (!isWhite(text.charCodeAt(at))) break;
    const gap = plainGap(text, at, lineStart, indent);
    if (at > from) between = gap.text;
    at = gap.end;
    lineStart = gap.lineStart;
    if (!flow && gap.lines && at - lineStart < indent) break;
  }
  return { start, end, text: value, next: at, lineStart };
}

function isWhite(code: number): boolean {
  return isBlank(code) || isBreak(code);
}

/** Offset after the word that begins at `at`. */
function plainEnd(text: string, start: number, flow: boolean): number {
  let at = start;
  for (let code = text.charCodeAt(at); !endsWord(code); code = text.charCodeAt(at)) {
    if (code === 0x3a && endsWord(text.charCodeAt(at + 1))) break;
    if (flow && endsFlowWord(code)) break;
    at += 1;
  }
  return at;
}

/** `,`, `?` and brackets. */
function endsFlowWord(code: number): boolean {
  return code === 0x2c || code === 0x3f || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d;
}

function plainGap(text: string, start: number, firstLine: number, indent: number): Gap {
  const gap = readGap(text, start, firstLine, isBreak);
  if (!gap.lines) return gap;
  for (let at = start, lineStart = firstLine; at < gap.end; at += 1) {
    const code = text.charCodeAt(at);
    if (isBreak(code)) lineStart = at + 1;
    else if (code === tab && lineStart !== firstLine && at - lineStart < indent)
      throw syntaxError(at, 'a tab cannot indent a line: use spaces');
  }
  return gap;
}

/** Reads white space. @param isLineBreak in JSON, LS and PS are ordinary characters */
function readGap(text: string, start: number, firstLine: number, isLineBreak: (code: number) => boolean): Gap {
  let at = start;
  let lineStart = firstLine;
  let breaks: string | undefined;
  let first = '';
  for (let code = text.charCodeAt(at); isBlank(code) || isLineBreak(code); code = text.charCodeAt(at)) {
    if (isBlank(code)) {
      at += 1;
      continue;
    }
    if (breaks === undefined) {
      first = breakText(text, at);
      breaks = '';
    } else breaks += breakText(text, at);
    at = behindBreak(text, at);
    lineStart = at;
  }
  if (breaks === undefined) return { end: at, lineStart, text: text.slice(start, at), lines: false };
  if (first === '\n') return { end: at, lineStart, text: breaks === '' ? ' ' : breaks, lines: true };
  return { end: at, lineStart, text: first + breaks, lines: true };
}

const doubleQuote = 0x22;
const backslash = 0x5c;

/** A scalar in single or double quotes. */
export function scanQuoted(text: string, start: number, firstLine: number, json: boolean): ScannedScalar {
  const quote = text.charCodeAt(start);
  const isLineBreak = json ? isJsonBreak : isBreak;
  let value = '';
  let lineStart = firstLine;
  let at = start + 1;
  for (;;) {
    if (at === lineStart && isMarker(text, at))
      throw syntaxError(start, 'this quoted text contains a line that begins with a document marker');
    const from = at;
    at = quotedEnd(text, at, quote, isLineBreak);
    if (at > from) value += text.slice(from, at);
    const code = text.charCodeAt(at);
    if (code === quote) {
      if (quote === doubleQuote || text.charCodeAt(at + 1) !== quote) break;
      value += "'";
      at += 2;
    } else if (code === backslash) {
      const escape = readEscape(text, at, lineStart, isLineBreak);
      value += escape.text;
      at = escape.end;
      lineStart = escape.lineStart;
    } else if (Number.isNaN(code)) throw syntaxError(start, 'this quote is not closed');
    else {
      const gap = readGap(text, at, lineStart, isLineBreak);
      value += gap.text;
      at = gap.end;
      lineStart = gap.lineStart;
    }
  }
  return { start, end: at + 1, text: value, next: at + 1, lineStart };
}

function isJsonBreak(code: number): boolean {
  return code === lineFeed || code === carriageReturn;
}

/** Offset of the next special character. Blanks are not special, unless a line break follows. */
function quotedEnd(text: string, start: number, quote: number, isLineBreak: (code: number) => boolean): number {
  let at = start;
  let end = start;
  for (let code = text.charCodeAt(at); ; code = text.charCodeAt(at)) {
    if (isLineBreak(code)) return end;
    if (code === quote || Number.isNaN(code) || (code === backslash && quote === doubleQuote)) return at;
    at += 1;
    if (!isBlank(code)) end = at;
  }
}

interface Escape {
  readonly end: number;
  readonly text: string;
  readonly lineStart: number;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ...[
    '0\0',
    'a\u0007',
    'b\b',
    't\t',
    '\t\t',
    'n\n',
    'v\v',
    'f\f',
    'r\r',
    'e\u001B',
    '  ',
    '""',
    "''",
    '//',
    '\\\\',
  ].map((pair) => [pair.charAt(0), pair.charAt(1)] as const),
  ['N', '\u0085'],
  ['_', '\u00A0'],
  ['L', '\u2028'],
  ['P', '\u2029'],
]);
const lengths: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

/** Reads the escape after a backslash. Only JSON has `\/` and halves of surrogate pairs. */
function readEscape(text: string, at: number, lineStart: number, isLineBreak: (code: number) => boolean): Escape {
  if (isLineBreak(text.charCodeAt(at + 1))) return escapedBreak(text, at + 1, isLineBreak);
  const letter = text.charAt(at + 1);
  const known = escapes.get(letter);
  if (known !== undefined) return { end: at + 2, text: known, lineStart };
  const length = lengths.get(letter);
  if (length === undefined)
    throw syntaxError(at, `there is no escape sequence \\${letter}: in double quotes, a backslash is written \\\\`);
  const digits = text.slice(at + 2, at + 2 + length);
  if (!/^[0-9a-f]+$/i.test(digits) || digits.length < length)
    throw syntaxError(at, `\\${letter} needs ${length} hexadecimal digits`);
  const code = Number.parseInt(digits, 16);
  if (code > 0x10ffff) throw syntaxError(at, `there is no character \\${letter}${digits}`);
  return {
    end: at + 2 + length,
    text: length === 8 ? String.fromCodePoint(code) : String.fromCharCode(code),
    lineStart,
  };
}

/** A line that continues in the next one: further empty lines are line breaks. */
function escapedBreak(text: string, start: number, isLineBreak: (code: number) => boolean): Escape {
  let at = behindBreak(text, start);
  let lineStart = at;
  let breaks = '';
  for (let code = text.charCodeAt(at); isBlank(code) || isLineBreak(code); code = text.charCodeAt(at)) {
    if (isBlank(code)) at += 1;
    else {
      breaks += breakText(text, at);
      at = behindBreak(text, at);
      lineStart = at;
    }
  }
  return { end: at, text: breaks, lineStart };
}

interface BlockHeader {
  /** `-` removes the line breaks at the end, `+` keeps them; without either, one stays. */
  readonly chomping: '' | '-' | '+';
  /** The given indentation in columns; 0: that of the content. */
  readonly increment: number;
  /** The start of the next line. */
  readonly end: number;
}

const header = /[|>](?:([-+])(\d)?|(\d)([-+])?)?[ \t]*(?:#[^\n\r\u0085\u2028\u2029]*)?(?=[\n\r\u0085\u2028\u2029]|$)/y;

function readHeader(text: string, start: number): BlockHeader {
  header.lastIndex = start;
  const match = header.exec(text);
  if (match === null) throw syntaxError(start, 'after | or > there may be only -, +, a digit and a comment');
  const increment = Number(match[2] ?? match[3] ?? 0);
  if (increment === 0 && (match[2] ?? match[3]) !== undefined)
    throw syntaxError(start, 'the indentation of a block must not be 0');
  const end = header.lastIndex;
  return { chomping: (match[1] ?? match[4] ?? '') as BlockHeader['chomping'], increment, end: behindBreak(text, end) };
}

/** A scalar after `|` or `>`. `parent` is the indentation of the collection around it, -1 for none. */
export function scanBlock(text: string, at: number, parent: number): ScannedScalar {
  const { chomping, increment, end: start } = readHeader(text, at);
  const literal = text.charCodeAt(at) === 0x7c;
  const given = increment === 0 ? 0 : Math.max(parent, 0) + increment;
  let gap = blockGap(text, start, given);
  const indent = given === 0 ? Math.max(gap.widest, parent + 1, 1) : given;
  let value = '';
  let lineBreak = '';
  let folded = false;
  let end = start;
  while (gap.end - gap.lineStart === indent && gap.end < text.length) {
    const blank = isBlank(text.charCodeAt(gap.end));
    value += literal || folded || blank ? lineBreak : foldedBreak(lineBreak, gap.breaks);
    folded = blank;
    const lineEnd = endOfLine(text, gap.end);
    value += gap.breaks + text.slice(gap.end, lineEnd);
    lineBreak = breakAt(text, lineEnd);
    end = behindBreak(text, lineEnd);
    gap = blockGap(text, end, indent);
  }
  if (chomping !== '-') value += lineBreak;
  if (chomping !== '+') return { start, end, text: value, next: gap.end, lineStart: gap.lineStart };
  // A last line that consists of blanks.
  if (gap.end === text.length && gap.end > gap.lineStart) value += '\n';
  return { start, end: gap.lineStart, text: value + gap.breaks, next: gap.end, lineStart: gap.lineStart };
}

/** The line break between two lines that are joined. */
function foldedBreak(lineBreak: string, emptyLines: string): string {
  if (lineBreak !== '\n') return lineBreak;
  return emptyLines === '' ? ' ' : '';
}

/** kubectl adds a line break to the last line of a text. */
function breakAt(text: string, at: number): string {
  return at < text.length ? breakText(text, at) : '\n';
}

interface BlockGap {
  readonly end: number;
  readonly lineStart: number;
  readonly breaks: string;
  /** The columns of the widest line. */
  readonly widest: number;
}

/** Empty lines, and the indentation of the line after them: at most `indent` columns, or any number if that is 0. */
function blockGap(text: string, start: number, indent: number): BlockGap {
  let at = start;
  let lineStart = start;
  let breaks = '';
  let widest = 0;
  const limit = indent === 0 ? text.length : indent;
  for (;;) {
    const lineLimit = lineStart + limit;
    while (at < lineLimit && text.charCodeAt(at) === space) at += 1;
    widest = Math.max(widest, at - lineStart);
    const code = text.charCodeAt(at);
    if (code === tab && at < lineLimit) throw syntaxError(at, 'a tab cannot indent a line: use spaces');
    if (!isBreak(code)) return { end: at, lineStart, breaks, widest };
    breaks += breakText(text, at);
    at = behindBreak(text, at);
    lineStart = at;
  }
}
