import { behindBreak, endOfLine, endsWord, isBreak, isMarker, space, tab } from './characters.ts';
import { syntaxError } from './problem.ts';
import { anchorEnd, scanDirective, scanTag } from './properties.ts';
import { scanBlock, scanPlain, scanQuoted, type ScannedScalar } from './scalars.ts';
import type { Token, TokenType } from './tokens.ts';

/** Returns the tokens of a text one by one. */
export interface Scanner {
  /** The next token, without taking it. */
  peek(): Token;
  take(): Token;
}

/** Text that is a key if a colon follows on the same line. */
interface PossibleKey {
  readonly number: number;
  readonly start: number;
  readonly lineStart: number;
  /** Only a key is allowed there. */
  readonly required: boolean;
  /** It must not be long. */
  readonly limited: boolean;
}

/** The same limit as in kubectl. */
const maxDepth = 10_000;
/** The most characters of a key without a question mark. */
const maxKey = 1024;

/**
 * Splits a text into tokens like the parser of kubectl, which is that of libyaml: YAML 1.1, and more lenient than YAML
 * 1.2 about the indentation of quoted scalars and flow collections. It reads each character once.
 * @param json true for a text that may be JSON: its strings have more escapes, fewer line breaks, and keys of any
 * length
 * @see scannerc.go of go.yaml.in/yaml/v2
 */
export function createScanner(text: string, json: boolean): Scanner {
  let at = 0;
  let lineStart = 0;
  let indent = -1;
  const indents: number[] = [];
  let keyAllowed = true;
  /** Whether no token of the document was read yet. */
  let fresh = true;
  /** The possible key of the block context (first) and of each open flow collection. */
  const keys: (PossibleKey | undefined)[] = [undefined];
  /** The level of a possible key, by the number of its token. */
  const levels = new Map<number, number>();
  let tokens: Token[] = [];
  let head = 0;
  /** The number of the first token in the queue. */
  let taken = 0;

  const flow = (): boolean => keys.length > 1;
  const put = (type: TokenType, start: number, end: number, content = '', suffix = '', plain = false): void => {
    fresh = type === 'document start';
    tokens.push({ type, start, end, text: content, suffix, plain });
  };
  const insert = (number: number, type: TokenType, start: number): void => {
    const token: Token = { type, start, end: start, text: '', suffix: '', plain: false };
    const index = number - taken + head;
    if (index >= tokens.length) tokens.push(token);
    else tokens.splice(index, 0, token);
  };

  const forgetKey = (level: number): void => {
    const key = keys[level];
    if (key === undefined) return;
    keys[level] = undefined;
    levels.delete(key.number);
  };
  /** The possible key of the level, if it can still be a key. */
  const livingKey = (level: number): PossibleKey | undefined => {
    const key = keys[level];
    if (key === undefined || (key.lineStart === lineStart && (!key.limited || at - key.start <= maxKey))) return key;
    if (key.required) throw syntaxError(key.start, 'there is no ":" after this key');
    forgetKey(level);
    return undefined;
  };
  const endKey = (): void => {
    const level = keys.length - 1;
    const key = keys[level];
    if (key?.required === true) throw syntaxError(key.start, 'there is no ":" after this key');
    forgetKey(level);
  };
  const saveKey = (limited = false): void => {
    if (!keyAllowed) return;
    endKey();
    const number = taken + tokens.length - head;
    keys[keys.length - 1] = {
      number,
      start: at,
      lineStart,
      required: !flow() && indent === at - lineStart,
      limited: limited || !json,
    };
    levels.set(number, keys.length - 1);
  };

  /** Opens a block collection if the column is further right. */
  const roll = (column: number, number: number, type: TokenType, start: number): void => {
    if (flow() || indent >= column) return;
    indents.push(indent);
    indent = column;
    if (indents.length > maxDepth) throw tooDeep(start);
    insert(number, type, start);
  };
  /** Closes all block collections that are further right. */
  const unroll = (column: number): void => {
    if (flow()) return;
    while (indent > column) {
      put('block end', at, at);
      indent = indents.pop() ?? -1;
    }
  };
  const last = (): number => taken + tokens.length - head;

  /** A tab must not indent a possible key. */
  const tabAllowed = (): boolean => flow() || !keyAllowed;
  const skipToToken = (): void => {
    for (;;) {
      let code = text.charCodeAt(at);
      if (fresh && code === 0xfeff && at === lineStart) code = text.charCodeAt((lineStart = at += 1));
      while (code === space || (code === tab && tabAllowed())) code = text.charCodeAt((at += 1));
      if (code === 0x23) {
        at = endOfLine(text, at);
        code = text.charCodeAt(at);
      }
      if (!isBreak(code)) return;
      at = behindBreak(text, at);
      lineStart = at;
      if (!flow()) keyAllowed = true;
    }
  };

  const marker = (): void => {
    unroll(-1);
    endKey();
    keyAllowed = false;
    put(text.charCodeAt(at) === 0x2d ? 'document start' : 'document end', at, at + 3);
    at += 3;
  };
  const directive = (): void => {
    unroll(-1);
    endKey();
    keyAllowed = false;
    const found = scanDirective(text, at);
    if (found.kind === 'version') put('version directive', at, found.end);
    else put('tag directive', at, found.end, found.handle, found.prefix);
    at = found.end;
  };
  const end = (): void => {
    lineStart = at;
    unroll(-1);
    endKey();
    keyAllowed = false;
    put('end of text', at, at);
  };
  const open = (type: '[' | '{'): void => {
    saveKey(true);
    keys.push(undefined);
    if (keys.length > maxDepth + 1) throw tooDeep(at);
    keyAllowed = true;
    put(type, at, at + 1);
    at += 1;
  };
  const close = (type: ']' | '}'): void => {
    endKey();
    if (flow()) keys.pop();
    keyAllowed = false;
    put(type, at, at + 1);
    at += 1;
  };
  const comma = (): void => {
    endKey();
    keyAllowed = true;
    put(',', at, at + 1);
    at += 1;
  };
  const dash = (): void => {
    if (!flow()) {
      if (!keyAllowed) throw syntaxError(at, 'an item of a list cannot begin here');
      roll(at - lineStart, last(), 'block sequence', at);
    }
    endKey();
    keyAllowed = true;
    put('-', at, at + 1);
    at += 1;
  };
  const questionMark = (): void => {
    if (!flow()) {
      if (!keyAllowed) throw syntaxError(at, 'a key cannot begin here');
      roll(at - lineStart, last(), 'block mapping', at);
    }
    endKey();
    keyAllowed = !flow();
    put('key', at, at + 1);
    at += 1;
  };
  const colon = (): void => {
    const key = livingKey(keys.length - 1);
    if (key !== undefined) {
      insert(key.number, 'key', key.start);
      roll(key.start - key.lineStart, key.number, 'block mapping', key.start);
      forgetKey(keys.length - 1);
      keyAllowed = false;
    } else {
      if (!flow()) {
        if (!keyAllowed)
          throw syntaxError(at, 'a mapping cannot begin here: put the text in quotes, or look at the indentation');
        roll(at - lineStart, last(), 'block mapping', at);
      }
      keyAllowed = !flow();
    }
    put('value', at, at + 1);
    at += 1;
  };
  const name = (type: 'anchor' | 'alias'): void => {
    saveKey();
    keyAllowed = false;
    const behind = anchorEnd(text, at);
    put(type, at, behind, text.slice(at + 1, behind));
    at = behind;
  };
  const tagged = (): void => {
    saveKey();
    keyAllowed = false;
    const found = scanTag(text, at);
    put('tag', at, found.end, found.handle, found.suffix);
    at = found.end;
  };
  const scalar = (found: ScannedScalar, plain: boolean): void => {
    put('scalar', found.start, found.end, found.text, '', plain);
    at = found.next;
    lineStart = found.lineStart;
  };
  const block = (): void => {
    endKey();
    keyAllowed = true;
    scalar(scanBlock(text, at, indent), false);
  };
  const quoted = (): void => {
    saveKey();
    keyAllowed = false;
    scalar(scanQuoted(text, at, lineStart, json), false);
  };
  const plain = (): void => {
    saveKey();
    const found = scanPlain(text, at, lineStart, indent + 1, flow());
    scalar(found, true);
    // The text on a new line may be a key.
    keyAllowed = found.lineStart > found.end;
  };

  const handlers: Readonly<Record<string, () => void>> = {
    '[': () => open('['),
    '{': () => open('{'),
    ']': () => close(']'),
    '}': () => close('}'),
    ',': comma,
    '*': () => name('alias'),
    '&': () => name('anchor'),
    '!': tagged,
    "'": quoted,
    '"': quoted,
  };

  /** A token whose first character is special only in some places. */
  const indicator = (character: string, alone: boolean): (() => void) => {
    if (character === '-' && alone) return dash;
    if (character === '?' && (alone || flow())) return questionMark;
    if (character === ':' && (alone || flow())) return colon;
    if ((character === '|' || character === '>') && !flow()) return block;
    if (character === '\t') throw syntaxError(at, 'a tab cannot indent a line: use spaces');
    if ('#|>%@`'.includes(character)) throw syntaxError(at, `a value cannot begin with ${character}: put it in quotes`);
    return plain;
  };

  const fetch = (): void => {
    skipToToken();
    unroll(at - lineStart);
    if (at >= text.length) return end();
    if (at === lineStart && text.charCodeAt(at) === 0x25) return directive();
    if (at === lineStart && isMarker(text, at)) return marker();
    const character = text.charAt(at);
    const handler = handlers[character] ?? indicator(character, endsWord(text.charCodeAt(at + 1)));
    return handler();
  };

  /** Reads on until the first token can no longer become a key. */
  const fill = (): Token => {
    for (;;) {
      const token = tokens[head];
      const level = levels.get(taken);
      if (token !== undefined && (level === undefined || livingKey(level) === undefined)) return token;
      fetch();
    }
  };

  return {
    peek: fill,
    take() {
      const token = fill();
      if (token.type === 'end of text') return token;
      head += 1;
      taken += 1;
      if (head > 512 && head * 2 > tokens.length) {
        tokens = tokens.slice(head);
        head = 0;
      }
      return token;
    },
  };
}

/** The error for nesting that is too deep. */
export function tooDeep(offset: number): Error {
  return syntaxError(offset, 'The document is nested too deeply');
}
