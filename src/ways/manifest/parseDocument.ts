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
  /** The anchors to which an alias refers. */
  readonly aliased: ReadonlySet<string>;
  readonly source: Source;
  /** From 1. */
  readonly number: number;
  readonly values: Values;
  readonly fail: Fail;
}

/**
 * Reads the documents of a text one by one, so that only one tree is in memory. Empty documents are left out.
 * @param file the name of the text in errors
 * @throws YAML_INVALID
 */
export function parseDocuments(text: string, file: string): Generator<ParsedDocument> {
  return readDocuments(openManifest(text, file));
}

/** A text and the ranges of its documents. */
export interface Manifest {
  readonly source: Source;
  readonly ranges: readonly DocumentRange[];
}

/** Finds the documents of a text. @param origin what is before the text in its file */
export function openManifest(text: string, file: string, origin?: Origin): Manifest {
  const source = openSource(text, file, origin);
  return { source, ranges: splitDocuments(source) };
}

/** The origin of the next text of the same file. */
export function originBehind({ source, ranges }: Manifest): Origin {
  const { lines, documents } = source.origin;
  return { lines: lines + source.lineStarts.length - 1, documents: documents + ranges.length };
}

/** The origin of the next text of the same file. */
export function behindText(text: string, file: string, origin: Origin): Origin {
  return originBehind(openManifest(text, file, origin));
}

/** The same as {@link parseDocuments}. */
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
  /** The start of another document in the same range. */
  readonly next: number | undefined;
}

/** kubectl recognizes JSON by its first brace. */
const beginsLikeJson = /^\uFEFF?(?:---)?\s*\{/;
/** Characters that YAML never allows (go.yaml.in/yaml/v2, readerc.go). In JSON strings those above DEL are allowed. */
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
