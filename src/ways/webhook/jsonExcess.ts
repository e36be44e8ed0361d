const [quote, backslash, comma, openList, closeList, openObject, closeObject] = [
  0x22, 0x5c, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d,
];

/** What may be parsed. */
export interface JsonBounds {
  /** Commas, lists and objects: at least as many as there are values. */
  readonly values: number;
  /** Lists and objects within each other. */
  readonly depth: number;
}

/**
 * What is too much about a text of JSON, or undefined. A parser needs some hundred bytes for a value that takes three
 * in the text, so these are counted first, in one pass that keeps nothing. Texts that are no JSON are left to the
 * parser.
 */
export function jsonExcess(json: Uint8Array, bounds: JsonBounds): string | undefined {
  // It takes a byte to begin a value: most texts are too short to have too many, and too deep a text of that length is
  // small.
  if (json.length <= bounds.values) return undefined;
  let [values, depth] = [0, 0];
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === quote) {
      at = endOfString(json, at);
    } else if (byte === comma) {
      values += 1;
    } else if (byte === openList || byte === openObject) {
      values += 1;
      depth += 1;
      if (depth > bounds.depth) return `more than ${bounds.depth} levels`;
    } else if (byte === closeList || byte === closeObject) {
      depth -= 1;
    }
    if (values > bounds.values) return `more than ${bounds.values} values`;
  }
  return undefined;
}

/** Where the string that begins at `from` has its last quote; the length when it has none. */
export function endOfString(json: Uint8Array, from: number): number {
  let at = from + 1;
  while (at < json.length && json[at] !== quote) at += json[at] === backslash ? 2 : 1;
  return Math.min(at, json.length);
}
