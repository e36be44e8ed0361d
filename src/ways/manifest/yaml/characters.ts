/**
 * Classes of characters by their code, as YAML 1.1 has them. Behind the end of a text there is NaN, which is in none.
 */

export const tab = 0x09;
export const lineFeed = 0x0a;
export const carriageReturn = 0x0d;
export const space = 0x20;

/** LF, CR, NEL, LS and PS. */
export function isBreak(code: number): boolean {
  return code === lineFeed || code === carriageReturn || code === 0x85 || code === 0x2028 || code === 0x2029;
}

export function isBlank(code: number): boolean {
  return code === space || code === tab;
}

/** True for a blank, a line break, and the end of the text. */
export function endsWord(code: number): boolean {
  return isBlank(code) || isBreak(code) || Number.isNaN(code);
}

/** Letters, digits, `-` and `_`: what names of anchors are made of. */
export function isWordCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || isDigit(code) || code === 0x2d || code === 0x5f
  );
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Offset behind the line break at `at`; CR LF is one. The end of the text stays where it is. */
export function behindBreak(text: string, at: number): number {
  if (at >= text.length) return at;
  return text.charCodeAt(at) === carriageReturn && text.charCodeAt(at + 1) === lineFeed ? at + 2 : at + 1;
}

/** The line break at `at` as a scalar holds it: LS and PS stay, all others are LF. */
export function breakText(text: string, at: number): string {
  const code = text.charCodeAt(at);
  return code === 0x2028 || code === 0x2029 ? text.charAt(at) : '\n';
}

/** True for `---` or `...`, with nothing or white space behind it. */
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
