import { YAMLException } from 'js-yaml';
import { parseDocument } from 'yaml';
import type { TreeEvent } from './events.ts';
import { jsYamlEvents } from './jsYamlEvents.ts';

/** What is wrong with a document, and where in the whole text. */
export interface SyntaxProblem {
  readonly offset: number;
  readonly message: string;
}

/** Columns that a line is moved by; more than any manifest is indented. */
const shift = 200;
/** Characters that are parsed at most for the sake of lines that are not indented enough. */
const budget = 8_000_000;

/**
 * Reads one document.
 *
 * js-yaml wants every line of a flow collection and of a quoted scalar to be indented deeper than what it belongs to,
 * as YAML 1.2 does. kubectl does not: `args: [` may be closed at the column of its key. Hence a line that js-yaml
 * refuses for this is shifted, and the offsets are given as if it was not.
 * @param text of the document
 * @param base offset of the document in the whole text
 * @returns the events of its root node, none for an empty document; or what is wrong with it
 */
export function readEvents(text: string, base: number): TreeEvent[] | SyntaxProblem {
  const shifted: number[] = [];
  for (;;) {
    try {
      return jsYamlEvents(shiftLines(text, shifted), (offset) => base + unshift(offset, shifted));
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      const offset = unshift(error.mark?.position ?? 0, shifted);
      const line = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
      // The next one is always further down, unless even the shift was not enough.
      const hopeful = line > (shifted.at(-1) ?? -1) && text.length * (shifted.length + 2) < budget;
      if (error.reason !== 'deficient indentation' || !hopeful) return problemOf(text, base, offset, error.reason);
      shifted.push(line);
    }
  }
}

function shiftLines(text: string, lines: readonly number[]): string {
  const cuts = [0, ...lines, text.length];
  return cuts
    .slice(1)
    .map((cut, index) => text.slice(cuts[index], cut))
    .join(' '.repeat(shift));
}

/** The offset in the text as it is, of an offset in the text with shifted lines that lies in none of the spaces. */
function unshift(offset: number, lines: readonly number[]): number {
  let original = offset;
  for (const line of lines) {
    if (original <= line) break;
    original -= shift;
  }
  return original;
}

/** yaml finds better words for what is wrong. */
function problemOf(text: string, base: number, offset: number, reason: string): SyntaxProblem {
  const options = {
    version: '1.1',
    schema: 'failsafe',
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'silent',
  } as const;
  const tooDeep = { offset: base + offset, message: 'The document is nested too deeply' };
  if (reason.startsWith('nesting exceeded')) return tooDeep;
  const [error] = parseDocument(text, options).errors;
  if (error?.code === 'RESOURCE_EXHAUSTION') return tooDeep;
  return error === undefined
    ? { offset: base + offset, message: reason }
    : { offset: base + error.pos[0], message: error.message };
}
