import { Document, visit } from 'yaml';
import { plainValue } from './scalar.ts';

/** The style of the blocks of a document. */
export interface BlockStyle {
  /** How many columns a mapping is indented in the mapping around it. */
  readonly step: number;
  /** How many columns the dashes of a sequence are indented below its key. */
  readonly sequenceOffset: number;
}

/** Writes a value as the lines of a block, without line breaks. */
export type RenderBlock = (value: unknown, style: BlockStyle) => readonly string[];

/** kubectl reads these as line breaks, or refuses them without an escape. */
const unprintable = /[\u007F-\u00A0\u2028\u2029\uFEFF\uFFFE\uFFFF]/g;

/** A renderer that keeps its results, because a run adds the same sidecar many times. */
export function createRenderBlock(): RenderBlock {
  const made = new Map<string, readonly string[]>();
  return (value, style) => {
    const key = `${style.step} ${style.sequenceOffset} ${JSON.stringify(value)}`;
    const present = made.get(key);
    if (present !== undefined) return present;
    const lines = blockLines(value, style);
    made.set(key, lines);
    return lines;
  };
}

function blockLines(value: unknown, { step, sequenceOffset }: BlockStyle): readonly string[] {
  const document = new Document(value, { version: '1.1', aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && mustQuote(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  const text = document.toString({
    indent: step,
    indentSeq: sequenceOffset > 0,
    lineWidth: 0,
    // Every scalar is on one line. Block scalars would depend on their indentation, chomping and line breaks.
    blockQuote: false,
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  });
  // Not trimEnd, because the last value may consist of other white space.
  return escapeUnprintable(text).replace(/\n+$/, '').split('\n');
}

/** Whether the library would write a string without quotes that kubectl would then read differently. */
function mustQuote(text: string): boolean {
  return typeof plainValue(text) !== 'string' || text.includes('\t') || text.search(unprintable) !== -1;
}

/** The value as JSON on one line, with a space in all brackets that are not empty. */
export function flowLine(value: unknown): string {
  // A line break in the output of JSON.stringify is never part of a string.
  return escapeUnprintable(JSON.stringify(value, null, 1).replace(/\n */g, ' '));
}

/** The value as JSON on several lines, of which all but the first begin with `prefix`. */
export function flowLines(value: unknown, step: string, prefix: string): string {
  return escapeUnprintable(JSON.stringify(value, null, step).replaceAll('\n', prefix));
}

/** These are only in double quotes, where YAML and JSON have the same escape. */
function escapeUnprintable(text: string): string {
  return text.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
