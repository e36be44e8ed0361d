import { splitDocuments, type DocumentRange } from './documents.ts';
import { createValues, type Values } from './nodeValues.ts';
import { failIn, syntaxHint, type Fail } from './place.ts';
import { openSource, type Origin, type Source } from './text.ts';
import type { Node } from './yaml/nodes.ts';
import { readDocument } from './yaml/parser.ts';
import { problemOf } from './yaml/problem.ts';

/** One document of a text. */
export interface ParsedDocument {
  readonly root: Node;
  /** The anchors that an alias stands for. */
  readonly aliased: ReadonlySet<string>;
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
    checkCharacters(source, range);
    let start: number | undefined = range.start;
    while (start !== undefined) {
      const { document, next }: PartOfRange = readPart(source, range, start);
      if (document !== undefined) yield document;
      start = next;
    }
  }
}

interface PartOfRange {
  /** Undefined when it is empty. */
  readonly document: ParsedDocument | undefined;
  /** Where another document begins in the same range. */
  readonly next: number | undefined;
}

/** JSON, as kubectl finds out: by its first brace. */
const beginsLikeJson = /^\uFEFF?(?:---)?\s*\{/;
/** What YAML has in no form (go.yaml.in/yaml/v2, readerc.go); JSON has those above DEL in its strings. */
// oxlint-disable-next-line no-control-regex
const forbidden = /[\0-\u0008\v\f\u000E-\u001F]/;
// oxlint-disable-next-line no-control-regex
const forbiddenInYaml = /[\0-\u0008\v\f\u000E-\u001F\u007F-\u0084\u0086-\u009F\uFFFE\uFFFF]/;

function checkCharacters(source: Source, { start, end, number, unread }: DocumentRange): void {
  const text = source.text.slice(start, end);
  const control = (beginsLikeJson.test(text) ? forbidden : forbiddenInYaml).exec(text);
  if (control === null || unread) return;
  const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  throw failIn(source, number)('YAML_INVALID', start + control.index, `there is a control character, U+${code}`);
}

function readPart(source: Source, { end, number, unread }: DocumentRange, start: number): PartOfRange {
  const fail = failIn(source, number);
  const text = source.text.slice(start, end);
  try {
    const { root, aliased, next } = readDocument(text, start, beginsLikeJson.test(text));
    const document = root && { root, aliased, source, number, values: createValues(source.text, fail), fail };
    return { document, next: next === undefined ? undefined : start + next };
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    if (unread) return { document: undefined, next: undefined };
    throw fail('YAML_INVALID', start + problem.offset, problem.message, syntaxHint(text));
  }
}
