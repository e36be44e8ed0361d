import { Document, visit } from 'yaml';
import { plainValue } from './scalar.ts';

/** How a document writes its blocks. */
export interface BlockStyle {
  /** Columns that a mapping stands right of the mapping around it. */
  readonly step: number;
  /** Columns that the dashes of a sequence stand right of its key. */
  readonly sequenceOffset: number;
}

/** Turns a value into the lines of a block, without line breaks. */
export type RenderBlock = (value: unknown, style: BlockStyle) => readonly string[];

/** kubectl takes these for line breaks, or refuses them raw. */
const unprintable = /[\u007F-\u00A0\u2028\u2029\uFEFF\uFFFE\uFFFF]/g;

/** A renderer that keeps what it made: one run adds the same sidecar many times. */
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
    // One line for every scalar: no block scalar needs care for its indentation, chomping and line breaks.
    blockQuote: false,
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  });
  // Not trimEnd: the last value may be of other white space.
  return escapeUnprintable(text).replace(/\n+$/, '').split('\n');
}

/** Strings that yaml would leave plain, and kubectl would not read as the same string. */
function mustQuote(text: string): boolean {
  return typeof plainValue(text) !== 'string' || text.includes('\t') || text.search(unprintable) !== -1;
}

/** The value as JSON on one line, with a space behind every bracket that is not empty. */
export function flowLine(value: unknown): string {
  // A line break in the output of JSON.stringify is never part of a string.
  return escapeUnprintable(JSON.stringify(value, null, 1).replace(/\n */g, ' '));
}

/** The value as JSON on several lines, of which all but the first begin with `prefix`. */
export function flowLines(value: unknown, step: string, prefix: string): string {
  return escapeUnprintable(JSON.stringify(value, null, step).replaceAll('\n', prefix));
}

/** They stand in double quotes only, where YAML and JSON have the same escape. */
function escapeUnprintable(text: string): string {
  return text.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
