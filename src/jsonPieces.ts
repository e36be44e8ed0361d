import { plainJson } from './plainText.ts';

/** Objects and lists so deep are written member by member; what is in them is small. */
const openedDepth = 3;
const pieceLength = 65_536;

/**
 * The text of `plainJson(value, 2)` with a final newline, in pieces of some 64 KB: for results of many megabytes, whose
 * text as a whole would take as much memory several times.
 */
export async function* jsonPieces(value: unknown): AsyncGenerator<Buffer, void> {
  let text = '';
  for (const part of partsOf(value, 0)) {
    text += part;
    if (text.length < pieceLength) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(`${text}\n`);
}

function* partsOf(value: unknown, depth: number): Generator<string, void> {
  const margin = '  '.repeat(depth);
  const members = depth < openedDepth ? membersOf(value) : [];
  if (members.length === 0) {
    yield plainJson(value, 2).replaceAll('\n', `\n${margin}`);
    return;
  }
  const [first, last] = Array.isArray(value) ? '[]' : '{}';
  let before = `${first}\n`;
  for (const [key, member] of members) {
    yield `${before}${margin}  ${key}`;
    yield* partsOf(member, depth + 1);
    before = ',\n';
  }
  yield `\n${margin}${last}`;
}

/** Each with what stands before it. Empty for what has none, or has a text of its own. */
function membersOf(value: unknown): (readonly [key: string, member: unknown])[] {
  if (Array.isArray(value)) return value.map((member: unknown) => ['', member ?? null]);
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : [[`${plainJson(key)}: `, member] as const],
  );
}
