/**
 * The classes of characters of YAML 1.1, by their code. After the end of a text the code is NaN, which is in no class.
 */

/** The codes of single characters. */
export const tab = 0x09;
/** LF, U+000A. */
export const lineFeed = 0x0a;
/** CR, U+000D. */
export const carriageReturn = 0x0d;
/** The only character of indentation (YAML 1.1, 4.4). */
export const space = 0x20;

/** LF, CR, NEL, LS and PS. */
export function isBreak(code: number): boolean {
  return code === lineFeed || code === carriageReturn || code === 0x85 || code === 0x2028 || code === 0x2029;
}

/** Space and tab. */
export function isBlank(code: number): boolean {
  return code === space || code === tab;
}

/** A blank, a line break, or the end of the text. */
export function endsWord(code: number): boolean {
  return isBlank(code) || isBreak(code) || Number.isNaN(code);
}

/** Letters, digits, `-` and `_`: the characters of names of anchors. */
export function isWordCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || isDigit(code) || code === 0x2d || code === 0x5f
  );
}

/** 0 to 9. */
export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Offset after the line break at `at`; CR LF is one. At the end of the text it is that end. */
export function behindBreak(text: string, at: number): number {
  if (at >= text.length) return at;
  return text.charCodeAt(at) === carriageReturn && text.charCodeAt(at + 1) === lineFeed ? at + 2 : at + 1;
}

/** The line break at `at` in the value of a scalar: LS and PS stay, all others become LF. */
export function breakText(text: string, at: number): string {
  const code = text.charCodeAt(at);
  return code === 0x2028 || code === 0x2029 ? text.charAt(at) : '\n';
}

/** Whether there is `---` or `...`, followed by white space or the end of the text. */
export function isMarker(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code !== 0x2d && code !== 0x2e) return false;
  return text.charCodeAt(at + 1) === code && text.charCodeAt(at + 2) === code && endsWord(text.charCodeAt(at + 3));
}

/** Offset of the line break at or after `start`, or the end of the text. */
export function endOfLine(text: string, start: number): number {
  let at = start;
  while (at < text.length && !isBreak(text.charCodeAt(at))) at += 1;
  return at;
}
