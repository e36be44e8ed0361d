import type { DocumentRange } from './documents.ts';
import { skipTrivia } from './text.ts';

/**
 * The objects of a JSON stream, one behind the other without a marker between them, as jq writes it and kubectl takes
 * it. All count as one document.
 * @returns a single range for anything else
 */
export function splitJsonStream(text: string, range: DocumentRange): DocumentRange[] {
  const ranges: DocumentRange[] = [];
  let start = skipTrivia(text, range.start);
  while (start < range.end && text[start] === '{') {
    const end = objectEnd(text, start, range.end);
    if (end === undefined) return [range];
    ranges.push({ number: range.number, start, end });
    start = skipTrivia(text, end);
  }
  return start < range.end || ranges.length === 0 ? [range] : ranges;
}

/** Offset behind the brace that closes the one at `start`. */
function objectEnd(text: string, start: number, limit: number): number | undefined {
  const token = /"(?:[^"\\]|\\.)*"|[{}]/gs;
  token.lastIndex = start;
  let depth = 0;
  for (let match = token.exec(text); match !== null && match.index < limit; match = token.exec(text)) {
    if (match[0] === '{') depth += 1;
    if (match[0] === '}') depth -= 1;
    if (depth === 0) return token.lastIndex;
  }
  return undefined;
}
