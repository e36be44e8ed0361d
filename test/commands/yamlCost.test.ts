import { expect, test } from 'vitest';
import { parseDocuments } from '../../src/ways/manifest/parseDocument.ts';

const repeat = (times: number, line: (index: number) => string): string =>
  Array.from({ length: times }, (_, index) => line(index)).join('');

/** Makes a text of about this many lines. */
const shapes: readonly (readonly [string, (size: number) => string])[] = [
  [
    'quoted scalars that go on at the column of their key',
    (size) => repeat(size, (index) => `  field${index}:\n    text: 'Tells how it is\n    read: so'\n`),
  ],
  [
    'brackets that are closed at the column of their key',
    (size) => repeat(size, (index) => `key${index}: [\n  a,\n{b: c}\n]\n`),
  ],
  ['one quoted scalar of many lines', (size) => `a: "${repeat(size * 4, () => 'line \\\n\n  and more\n')}"\n`],
  ['one plain scalar of many lines', (size) => `a: ${repeat(size * 4, () => 'words of it\n\n  ')}\n`],
  ['one block scalar of many lines', (size) => `a: >\n${repeat(size * 4, () => '  text\n\n')}`],
  [
    'one object on one line',
    (size) =>
      JSON.stringify(
        Object.fromEntries(Array.from({ length: size * 2 }, (_, index) => [`key ${index}`, { a: [index, 'x'] }])),
      ),
  ],
  ['a stream of objects', (size) => repeat(size * 2, (index) => `{"kind": "A", "name": ${index}}\n`)],
  ['brackets within brackets', (size) => `[${repeat(size / 10, () => `${'['.repeat(200)}a${']'.repeat(200)},\n`)}]`],
  ['lists within lists', (size) => repeat(size / 10, () => `${'- '.repeat(200)}a\n`)],
  ['anchors and aliases', (size) => repeat(size, (index) => `a${index}: &a${index} {b: c}\nd${index}: *a${index}\n`)],
  ['documents', (size) => repeat(size, (index) => `# a\n---\na: ${index}\n...\n`)],
  ['comments', (size) => repeat(size * 4, (index) => `# ${index}\n\n`)],
];

/**
 * The CPU time of the fastest of several runs, in milliseconds. Each test file has its own process, so nothing else is
 * included.
 */
function costOf(text: string): number {
  const costs = [0, 1, 2].map(() => {
    const before = process.cpuUsage();
    let count = 0;
    for (const { root } of parseDocuments(text, 'f')) count += root.end;
    const { user, system } = process.cpuUsage(before);
    expect(count).toBeGreaterThanOrEqual(0);
    return (user + system) / 1000;
  });
  return Math.min(...costs);
}

test.each(shapes)('eight times as much of %s takes about eight times as long', (_, make) => {
  const [once, more] = [make(500), make(4_000)];
  costOf(more);
  // With a quadratic cost it would be 64 times as long. Too short a time cannot be compared.
  expect(costOf(more)).toBeLessThan(30 * Math.max(costOf(once), 2));
});
