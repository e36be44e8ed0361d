import { endsWord, isWordCharacter } from './characters.ts';
import { syntaxError } from './problem.ts';

/** Offset after the name of an anchor or alias; `start` is that of its `&` or `*`. */
export function anchorEnd(text: string, start: number): number {
  let at = start + 1;
  while (isWordCharacter(text.charCodeAt(at))) at += 1;
  const next = text.charCodeAt(at);
  if (at === start + 1 || !(endsWord(next) || '?:,]}%@`'.includes(text.charAt(at)))) {
    throw syntaxError(at, `the name after ${text.charAt(start)} may contain only letters, digits, - and _`);
  }
  return at;
}

/** A tag as it is written: its handle and the rest, for example `!!` and `str`. */
export interface ScannedTag {
  readonly end: number;
  /** Empty for a tag in its full form. */
  readonly handle: string;
  readonly suffix: string;
}

const verbatim = /!<([\w;/?:@&=+$,.!~*'()[\]%-]+)>/y;
const shorthand = /(![\w-]*!)?([\w;/?:@&=+$,.!~*'()[\]%-]*)/y;

/** Reads the tag at `start`. */
export function scanTag(text: string, start: number): ScannedTag {
  verbatim.lastIndex = start;
  const whole = verbatim.exec(text);
  if (whole !== null) return checked(text, start, { end: verbatim.lastIndex, handle: '', suffix: whole[1] ?? '' });
  shorthand.lastIndex = start;
  const [all = '', named, rest = ''] = shorthand.exec(text) ?? [];
  const end = start + all.length;
  if (named !== undefined) {
    if (rest === '') throw syntaxError(start, 'there is nothing after the handle of this tag');
    return checked(text, start, { end, handle: named, suffix: rest });
  }
  // A single `!` is a tag too.
  return checked(
    text,
    start,
    rest === '!' ? { end, handle: '', suffix: '!' } : { end, handle: '!', suffix: rest.slice(1) },
  );
}

function checked(text: string, start: number, tag: ScannedTag): ScannedTag {
  if (endsWord(text.charCodeAt(tag.end))) return tag;
  throw syntaxError(start, 'after a tag there must be white space');
}

/** A directive of a document. */
export type Directive =
  | { readonly kind: 'version'; readonly end: number }
  | { readonly kind: 'tag'; readonly end: number; readonly handle: string; readonly prefix: string };

const versionDirective = /%YAML[ \t]+1\.\d{1,2}/y;
const tagDirective = /%TAG[ \t]+(!(?:[\w-]*!)?)[ \t]+([\w;/?:@&=+$,.!~*'()[\]%-]+)/y;
const restOfLine = /[ \t]*(?:#[^\n\r\u0085\u2028\u2029]*)?(?=[\n\r\u0085\u2028\u2029]|$)/y;

/** Reads a line that begins with `%`. */
export function scanDirective(text: string, start: number): Directive {
  for (const pattern of [versionDirective, tagDirective]) {
    pattern.lastIndex = start;
    const match = pattern.exec(text);
    if (match === null) continue;
    restOfLine.lastIndex = pattern.lastIndex;
    if (restOfLine.exec(text) === null) break;
    const end = restOfLine.lastIndex;
    return pattern === versionDirective
      ? { kind: 'version', end }
      : { kind: 'tag', end, handle: match[1] ?? '', prefix: match[2] ?? '' };
  }
  throw syntaxError(start, 'a line that begins with % is a directive, and must be %YAML 1.1 or %TAG');
}
