import { splitDocuments, type DocumentRange } from './documents.ts';
import { splitJsonStream } from './jsonStream.ts';
import { failIn, syntaxHint, type Fail } from './place.ts';
import { readEvents, type SyntaxProblem } from './readEvents.ts';
import { openSource, type Origin, type Source } from './text.ts';
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
export function parseDocuments(text: string, file: string): Generator<ParsedDocument> {
  return readDocuments(openManifest(text, file));
}

/** A text and where its documents are. */
export interface Manifest {
  readonly source: Source;
  readonly ranges: readonly DocumentRange[];
}

/** @param origin what stands before the text in its file */
export function openManifest(text: string, file: string, origin?: Origin): Manifest {
  const source = openSource(text, file, origin);
  return { source, ranges: splitDocuments(source) };
}

/** What stands before the text that comes behind this one in its file. */
export function originBehind({ source, ranges }: Manifest): Origin {
  const { lines, documents } = source.origin;
  return { lines: lines + source.lineStarts.length - 1, documents: documents + ranges.length };
}

/** What stands before the text that comes behind this one in its file. */
export function behindText(text: string, file: string, origin: Origin): Origin {
  return originBehind(openManifest(text, file, origin));
}

/** As {@link parseDocuments}. */
export function* readDocuments({ source, ranges }: Manifest): Generator<ParsedDocument> {
  for (const range of ranges) {
    const whole = parseDocument(source, range);
    const parts = isProblem(whole) ? splitJsonStream(source.text, range) : [];
    for (const document of parts.length > 1 ? parts.map((part) => parseDocument(source, part)) : [whole]) {
      if (isProblem(document)) {
        const hint = syntaxHint(source.text.slice(range.start, range.end));
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
