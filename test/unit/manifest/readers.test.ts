import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitDocuments } from '../../../src/manifest/documents.ts';
import { jsYamlEvents } from '../../../src/manifest/jsYamlEvents.ts';
import { failIn } from '../../../src/manifest/place.ts';
import { openSource } from '../../../src/manifest/text.ts';
import { buildTree } from '../../../src/manifest/tree.ts';
import { yamlEvents } from '../../../src/manifest/yamlEvents.ts';
import { generatedManifest } from './arbitraries.ts';
import { fixtureCases } from './cases.ts';

const numRuns = Number(process.env['FAST_CHECK_RUNS'] ?? 100);

/** The trees of a text's documents by both parsers. */
function bothTrees(text: string): { quick: unknown[]; tolerant: unknown[] } {
  const source = openSource(text, 'f');
  const trees = (read: (part: string, base: number) => ReturnType<typeof yamlEvents>): unknown[] =>
    splitDocuments(source).map(({ start, end, number }) => {
      const events = read(text.slice(start, end), start);
      if (!Array.isArray(events)) return events.message;
      return events.length === 0 ? undefined : buildTree(text, events, start, failIn(source, number));
    });
  return { quick: trees(jsYamlEvents), tolerant: trees(yamlEvents) };
}

test('two parsers agree on the place of every node of any manifest', { timeout: 20_000 + 100 * numRuns }, () => {
  fc.assert(
    fc.property(generatedManifest, ({ text }) => {
      const { quick, tolerant } = bothTrees(text);
      expect(tolerant).toEqual(quick);
    }),
    { numRuns },
  );
});

/** A bracket at the column of its key: only one of the parsers takes it, as kubectl does. */
const tolerated = ['scalars.yaml', 'flow.yaml'];

test.each(fixtureCases.filter(({ options }) => !tolerated.includes(options.file)))(
  'two parsers agree on $name',
  ({ input }) => {
    const { quick, tolerant } = bothTrees(input);
    expect(tolerant).toEqual(quick);
  },
);

test('both find the end of a block scalar whose last line is of spaces', () => {
  const text = 'a:\n- |\n  x\n   \n\nb: c\n';
  for (const tree of Object.values(bothTrees(text)))
    expect(tree).toMatchObject([{ root: { pairs: [{ value: { end: 15 } }, {}] } }]);
});

test.each([
  [
    'anchors, tags and aliases',
    'a: &x !!str 1\nb: !!map\n  c: *x\nd: &y\n  - &z !t e\n  - *z\nf: &empty\ng: !!null\nh:\n  &q\n  i: j\n',
  ],
  ['explicit keys', '? a\n: b\n? - c\n: - d\n? e\nf: g\n'],
  ['absent values', 'a:\nb:\n-\n- c\n-\nd: {e, f: , "g":, h: i}\nj: [k: l, m]\n'],
  ['block scalars', 'a: |\n  x\n\n\nb: >-\n  y\n   z\nc: |+\n  w\n\nd: |2-\n    v\n\ne: |\nf: >+\n\n\n'],
  ['block scalars at the end', 'a:\n- |\n  x\n\n   \n'],
  ['block scalars without a final line break', 'a:\n- |+\n  x'],
  ['scalars on several lines', 'a: b\n  c\n\n  d\ne: "f\n  g\\\n  h"\ni: \'j\n\n  k\'\n'],
  ['comments amid flow collections', 'a: [ # c\n  b, # d\n  # e\n  {f: g} # h\n  , i\n  ] # j\n'],
  ['documents of scalars', '--- a\n---\n- b\n--- |\n  c\n--- {}\n---\n# nothing\n'],
])('two parsers agree on %s', (_, text) => {
  const { quick, tolerant } = bothTrees(text);
  expect(tolerant).toEqual(quick);
});
