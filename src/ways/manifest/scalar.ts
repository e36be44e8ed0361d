const words: ReadonlyMap<string, boolean | null> = new Map([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

const integer = /^[-+]?(?:0b[01]+|0o?[0-7]+|0x[0-9a-f]+|0|[1-9][0-9]*)$/i;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:e[-+]?[0-9]+)?$/i;

/**
 * The value of a plain scalar as kubectl reads it: YAML 1.1, but `12:30` and dates are strings, `0o644` is an octal
 * number too, and `08` is eight.
 * @see resolve.go of sigs.k8s.io/yaml/goyaml.v2
 */
export function plainValue(text: string): string | number | boolean | null {
  // The longest word, `false`, has five letters.
  const word = text.length <= 5 ? words.get(text) : undefined;
  if (word !== undefined) return word;
  // All characters that can begin a number are in the first part of the ASCII table.
  if (text.charCodeAt(0) > 0x39) return text;
  if (!/^[-+.0-9]/.test(text)) return text;
  const digits = text.startsWith('.') ? text.replace(/(?<=[0-9])_(?=[0-9])/g, '') : text.replaceAll('_', '');
  if (integer.test(digits)) return integerValue(digits);
  const value = float.test(digits) ? Number(digits) : Number.NaN;
  return Number.isFinite(value) ? value : text;
}

function integerValue(digits: string): number {
  const amount = digits.replace(/^[-+]/, '').toLowerCase();
  // Number() reads 0x, 0o and 0b, but not octal numbers with a leading zero.
  const value = Number(/^0[0-7]/.test(amount) ? `0o${amount}` : amount);
  // Integers have no negative zero.
  return digits.startsWith('-') && value !== 0 ? -value : value;
}

/** Tags whose values are the same with and without quotes. */
const resolvedTags: readonly string[] = ['!!int', '!!float', '!!bool', '!!null', '!!timestamp'];

/** The value of a scalar with a tag; `!!str` is the form of YAML's own tags. Other tags make it a string. */
export function taggedValue(text: string, tag: string): string | number | boolean | null {
  if (tag === '!!binary') return decodeBase64(text) ?? text;
  return resolvedTags.includes(tag) ? plainValue(text) : text;
}

function decodeBase64(text: string): string | undefined {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  } catch {
    return undefined;
  }
}
