import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitDocuments } from '../../../../src/ways/manifest/documents.ts';
import { parseDocuments } from '../../../../src/ways/manifest/parseDocument.ts';
import { failIn } from '../../../../src/ways/manifest/place.ts';
import { openSource } from '../../../../src/ways/manifest/text.ts';
import { isAbsent } from '../../../../src/ways/manifest/yaml/nodes.ts';
import { generatedManifest } from '../../../support/manifest/arbitraries.ts';
import { buildTree } from '../../../support/manifest/buildTree.ts';
import { beyondYaml, fixtureCases } from '../../../support/manifest/cases.ts';
import { runs } from '../../../support/manifest/runs.ts';
import { yamlEvents } from '../../../support/manifest/yamlEvents.ts';

const { numRuns, timeout } = runs(25);

/** The trees of a text's documents, by what we use and by another parser. Empty documents are left out. */
function bothTrees(text: string): { ours: unknown[]; others: unknown[] } {
  const source = openSource(text, 'f');
  const others = splitDocuments(source).flatMap(({ start, end, number }) => {
    const events = yamlEvents(text.slice(start, end), start);
    const tree = events.length === 0 ? undefined : buildTree(text, events, start, failIn(source, number));
    return tree === undefined || isAbsent(tree.root) ? [] : [tree];
  });
  return { ours: Array.from(parseDocuments(text, 'f'), ({ root, aliased }) => ({ root, aliased })), others };
}

test('two parsers agree on the place of every node of any manifest', { timeout }, () => {
  fc.assert(
    fc.property(generatedManifest, ({ text }) => {
      const { ours, others } = bothTrees(text);
      expect(ours).toEqual(others);
    }),
    { numRuns },
  );
});

test.each(fixtureCases.filter(({ name }) => !beyondYaml.includes(name)))('two parsers agree on $name', ({ input }) => {
  const { ours, others } = bothTrees(input);
  expect(ours).toEqual(others);
});

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
  const { ours, others } = bothTrees(text);
  expect(ours).toEqual(others);
});
