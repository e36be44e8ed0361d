/**
 * Text of other people may hold what a terminal obeys (escape sequences clear the screen, set its title, fill the
 * clipboard) or what makes a name look like another one. Here such text is made safe to show; nothing is left out: what
 * must not reach a terminal is written as JSON writes it, `\u001b`.
 */

/**
 * Control characters (C0, DEL, C1), format characters (bidirectional overrides, zero width, tags), line and paragraph
 * separators, halves of surrogate pairs, and letters that show nothing.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u034F\u115F\u1160\u17B4\u17B5\u3164\uFFA0]/u;
const everyUnsafe = new RegExp(unsafe, 'gu');
const unsafeWithinLine = new RegExp(String.raw`(?!\n)${unsafe.source}`, 'gu');
/** White space that is seen, line breaks and tabs among it. */
const blanks = /[\t-\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]+/gu;

/**
 * A text on one line, safe to show.
 * @param length characters at most; what is longer ends in an ellipsis
 */
export function plainText(text: string, length = Number.POSITIVE_INFINITY): string {
  // Others choose how long it is: what cannot be shown is not looked at.
  const head = text.slice(0, length * 16);
  const plain = escapeUnsafe(head.replaceAll(blanks, ' ').trim());
  if (plain.length <= length && head.length === text.length) return plain;
  const characters = Array.from(plain);
  return characters.length <= length && head.length === text.length
    ? plain
    : `${characters.slice(0, length - 1).join('')}…`;
}

/**
 * Lines of text, safe to show: no line break but `\n`; a tab is a blank.
 * @param indent before each line but the first that is not indented, so that no line of others begins like ours
 */
export function plainLines(text: string, indent = ''): string {
  if (!unsafe.test(text)) return text;
  return text
    .split(/\r?\n/)
    .map((line) => escapeUnsafe(line.replaceAll('\t', ' ')))
    .map((line, index) => (index === 0 || line.startsWith('  ') ? line : `${indent}${line}`))
    .join('\n');
}

/**
 * JSON that is safe to show, and the same data: what JSON leaves as it is (DEL, C1, bidirectional overrides,
 * separators) can only stand in its strings, where it may be escaped.
 * @param indent as of JSON.stringify; then its line breaks stay
 */
export function plainJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent);
  // A list of lines would take more memory than the text: those of the indent are told apart by the pattern.
  return indent === undefined ? escapeUnsafe(text) : text.replaceAll(unsafeWithinLine, escaped);
}

function escapeUnsafe(text: string): string {
  return unsafe.test(text) ? text.replaceAll(everyUnsafe, escaped) : text;
}

/** As in JSON: `\u001b`; beyond the basic plane two of them. */
function escaped(character: string): string {
  const codes = character.length === 1 ? [character.charCodeAt(0)] : [character.charCodeAt(0), character.charCodeAt(1)];
  return codes.map((code) => String.raw`\u${code.toString(16).padStart(4, '0')}`).join('');
}
