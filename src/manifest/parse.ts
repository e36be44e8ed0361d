import { splitDocuments, type DocumentRange } from './documents.ts';
import { splitJsonStream } from './jsonStream.ts';
import { failIn, syntaxHint, type Fail } from './place.ts';
import { readEvents, type SyntaxProblem } from './readEvents.ts';
import { openSource, type Source } from './text.ts';
import { buildTree, type Tree } from './tree.ts';
import { createValues, type Values } from './values.ts';

/** One document of a text. */
export interface ParsedDocument extends Tree {
  readonly source: Source;
  /** From 1. */
  readonly number: number;
  readonly values: Values;
  readonly fail: Fail;
}

/**
 * Reads a text's documents, one at a time, so that the tree of each can go before the next is made. Empty ones are left
 * out.
 * @param file the text's name for errors
 * @throws YAML_INVALID
 */
export function* parseDocuments(text: string, file: string): Generator<ParsedDocument> {
  const source = openSource(text, file);
  for (const range of splitDocuments(source)) {
    const whole = parseDocument(source, range);
    const parts = isProblem(whole) ? splitJsonStream(text, range) : [];
    for (const document of parts.length > 1 ? parts.map((part) => parseDocument(source, part)) : [whole]) {
      if (isProblem(document)) {
        const hint = syntaxHint(text.slice(range.start, range.end));
        throw failIn(source, range.number)('YAML_INVALID', document.offset, document.message, hint);
      }
      if (document !== undefined) yield document;
    }
  }
}

/** @returns undefined for an empty document */
function parseDocument(
  source: Source,
  { start, end, number }: DocumentRange,
): ParsedDocument | SyntaxProblem | undefined {
  const events = readEvents(source.text.slice(start, end), start);
  if (!Array.isArray(events)) return events;
  if (events.length === 0) return undefined;
  const fail = failIn(source, number);
  const { root, aliased } = buildTree(source.text, events, start, fail);
  return { root, aliased, source, number, values: createValues(source.text, fail), fail };
}

function isProblem(result: ParsedDocument | SyntaxProblem | undefined): result is SyntaxProblem {
  return result !== undefined && !('root' in result);
}
