const [quote, backslash, comma, openList, closeList, openObject, closeObject] = [
  0x22, 0x5c, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d,
];

/** The limits of JSON that is parsed. */
export interface JsonBounds {
  /** The most commas, lists and objects together: there are never more values than that. */
  readonly values: number;
  /** The most levels of nested lists and objects. */
  readonly depth: number;
}

/**
 * The limit that a JSON text exceeds; undefined for none. A parser needs about a hundred bytes for a value of three
 * bytes of text, so values are counted first, in one pass that allocates nothing. Invalid JSON is left to the parser.
 */
export function jsonExcess(json: Uint8Array, bounds: JsonBounds): string | undefined {
  // A value needs at least one byte, so most texts are too short to have too many. A text of that length may be nested
  // too deeply, but parsing it takes little memory.
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

/** The index of the closing quote of the string that begins at `from`; the text's length when there is none. */
export function endOfString(json: Uint8Array, from: number): number {
  let at = from + 1;
  while (at < json.length && json[at] !== quote) at += json[at] === backslash ? 2 : 1;
  return Math.min(at, json.length);
}
