import type { Deletion, Insertion } from './edits.ts';
import { childStep } from './manifestObjects.ts';
import { isNull } from './nodeValues.ts';
import type { ParsedDocument } from './parseDocument.ts';
import { refuseShared } from './shared.ts';
import { skipTrivia } from './text.ts';
import { isAbsent, type MapNode, type Pair, type ScalarNode } from './yaml/nodes.ts';

/**
 * The insertions that put text before the string of a key, in whatever form it is written.
 * @param text that needs no escapes in YAML
 * @throws YAML_UNSUPPORTED if the form has no place for it, or the value is used elsewhere too; MANIFEST_INVALID if the
 * value is not a string
 */
export function insertInFront(document: ParsedDocument, map: MapNode, key: string, text: string): Insertion[] {
  const found = scalarUnder(document, map, key);
  if (found === undefined) return [];
  const { node } = found;
  const { source, fail } = document;
  if (!node.plain) {
    const offset = contentStart(document, node);
    if (offset !== undefined) return [{ offset, text }];
  } else if (!map.flow) {
    if (isAbsent(node)) return [{ offset: node.start, text: ` ${text}` }];
    // A written null stays there, after a comma.
    return [{ offset: node.start, text: isNull(node) ? `${text},` : text }];
  } else if (!isAbsent(node) && !/["\\]/.test(source.text.slice(node.start, node.end))) {
    // In brackets a comma would end the value, so it gets quotes. An escape in them tells the removal that the user did
    // not write them.
    return [
      { offset: node.start, text: `"${marked(isNull(node) ? `${text},` : text)}` },
      { offset: node.end, text: '"' },
    ];
  }
  throw fail(
    'YAML_UNSUPPORTED',
    node.start,
    `the value of ${key} is written in a form in which nothing can be put before it`,
    `Write ${key} as a string on one line; nothing was written.`,
  );
}

/** The deletions that remove the text again; none if the value does not begin with it. */
export function removeFromFront(document: ParsedDocument, map: MapNode, key: string, text: string): Deletion[] {
  const found = scalarUnder(document, map, key);
  if (found === undefined) return [];
  const { node, pair } = found;
  const { source } = document;
  const at = node.plain ? node.start : contentStart(document, node);
  if (at === undefined) return [];
  const range = (start: number, length: number): Deletion => ({ start, end: start + length });
  if (source.text.startsWith(text, at)) {
    const behindColon = skipTrivia(source.text, pair.key.end) + 1;
    const wasAbsent = node.plain && node.text === text && source.text.slice(behindColon, at) === ' ';
    return [wasAbsent ? range(behindColon, 1 + text.length) : range(at, text.length)];
  }
  if (!source.text.startsWith(`"${marked(text)}`, node.start)) return [];
  return [range(node.start, 1 + marked(text).length), range(node.end - 1, 1)];
}

/** The text with its first character as an escape, which in double quotes is the same text. */
function marked(text: string): string {
  return `\\x${text.charCodeAt(0).toString(16).padStart(2, '0')}${text.slice(1)}`;
}

function scalarUnder(
  document: ParsedDocument,
  map: MapNode,
  key: string,
): { readonly node: ScalarNode; readonly pair: Pair } | undefined {
  const [step, pair] = [childStep(document, map, key), document.values.entries(map).get(key)?.pair];
  if (step === undefined || pair === undefined) return undefined;
  refuseShared(document, step);
  if (step.node.kind !== 'scalar') throw document.fail('MANIFEST_INVALID', step.node.start, `${key} must be a string`);
  return { node: step.node, pair };
}

/** The start of the characters of a quoted or block scalar; undefined for a block whose first line is blank. */
function contentStart({ source: { text } }: ParsedDocument, { start, end }: ScalarNode): number | undefined {
  if (text[start] === '"' || text[start] === "'") return start + 1;
  let at = start;
  while (text[at] === ' ') at += 1;
  return at >= end || '\r\n'.includes(text.charAt(at)) ? undefined : at;
}
