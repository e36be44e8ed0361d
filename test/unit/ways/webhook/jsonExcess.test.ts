import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonExcess } from '../../../../src/ways/webhook/jsonExcess.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

/** Counts in another way: strings are removed first. */
function countsOf(text: string): { readonly values: number; readonly depth: number } {
  const rest = text
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '')
    .replaceAll(/[^{}[\],]/g, '')
    .split('');
  let [depth, deepest] = [0, 0];
  for (const character of rest) {
    if ('[{'.includes(character)) depth += 1;
    if (']}'.includes(character)) depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return { values: rest.filter((character) => '{[,'.includes(character)).length, depth: deepest };
}

test('jsonExcess counts values and levels, and ignores the content of strings', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 1, 2), (json, spaces) => {
      // In a list, so that there is a value; with spaces, so that the text is long enough to be counted.
      const text = JSON.stringify([JSON.parse(json)], undefined, spaces) + ' '.repeat(1000);
      const { values, depth } = countsOf(text);
      fc.pre(values < 900);
      expect(jsonExcess(bytes(text), { values, depth })).toBeUndefined();
      expect(jsonExcess(bytes(text), { values: values - 1, depth })).toBe(`more than ${values - 1} values`);
      expect(jsonExcess(bytes(text), { values, depth: depth - 1 })).toBe(`more than ${depth - 1} levels`);
    }),
  );
});

describe('invalid or incomplete JSON exceeds no limit:', () => {
  test.each(['"', '"\\', '"abc\\', '[[[', ']]]]', '{"a":"', '\\"[[', '\u0000'])('%j', (text) => {
    expect(jsonExcess(bytes(text.repeat(40)), { values: 10_000, depth: 10_000 })).toBeUndefined();
  });
});

test.each(['"'.repeat(7e6), '\\'.repeat(7e6), `"${'\\"'.repeat(3e6)}`, '{"a":'.repeat(1e6)])(
  'jsonExcess reads 7 MB in less than 500 ms of CPU: %#',
  (text) => {
    const json = bytes(text);
    const from = process.cpuUsage();
    jsonExcess(json, { values: 1e9 > json.length ? json.length - 1 : 1e9, depth: 1e9 });
    expect(process.cpuUsage(from).user / 1000).toBeLessThan(500);
  },
);
