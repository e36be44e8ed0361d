import { parseDocuments } from './parseDocument.ts';

/**
 * The text with each object of a JSON stream as a document of its own. A stream is only read to its end in text that
 * begins with it: of a document in a stream of YAML documents, kubectl reads the first object and no other. Pure.
 * @throws YAML_INVALID
 */
export function separateJson(text: string): string {
  if (!maybeStream.test(text)) return text;
  const parts: string[] = [];
  let [from, last] = [0, 0];
  for (const { root, number } of parseDocuments(text, '')) {
    if (number === last) {
      parts.push(text.slice(from, root.start).trimEnd());
      from = root.start;
    }
    last = number;
  }
  return [...parts, text.slice(from)].join('\n---\n');
}

/** Two objects with nothing but white space between: also within a collection, which costs a reading and no more. */
const maybeStream = /\}\s*\{/;
