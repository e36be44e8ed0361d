import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonPieces } from '../../src/jsonPieces.ts';
import { plainJson } from '../../src/plainText.ts';

async function piecesOf(value: unknown): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  for await (const piece of jsonPieces(value)) pieces.push(piece);
  return pieces;
}

const written = async (value: unknown): Promise<string> => String(Buffer.concat(await piecesOf(value)));

test('the pieces are the text of the whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (value) => {
      expect(await written(value)).toBe(`${plainJson(value, 2)}\n`);
    }),
  );
});

test.each<[what: string, value: unknown]>([
  ['members that are left out', { a: undefined, b: [undefined, 1], c: {}, d: { e: [] } }],
  ['a time', { at: new Date(0), list: [new Date(1)] }],
  ['what a terminal obeys', { 'key\u001B[2J': ['\u009B', '\u202E', 'a\nb'], c: [{ d: [{ e: '\u001B\n' }] }] }],
  ['an empty object with members that are left out', { a: { b: undefined } }],
])('%s', async (_, value) => {
  expect(await written(value)).toBe(`${plainJson(value, 2)}\n`);
});

test('a long list comes in pieces of some 64 KB', async () => {
  const value = { lists: { list: Array.from({ length: 10_000 }, (_, index) => ({ index, text: 'ä'.repeat(20) })) } };
  const pieces = await piecesOf(value);
  expect(pieces.length).toBeGreaterThan(8);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(200_000);
  expect(String(Buffer.concat(pieces))).toBe(`${plainJson(value, 2)}\n`);
});
