import { expect, test } from 'vitest';
import { parseDocuments } from '../../../../src/ways/manifest/parseDocument.ts';

function valueOf(text: string): unknown {
  const [document] = parseDocuments(text, 'f');
  return document?.values.of(document.root);
}

/** Read by kubectl 1.32 (`kubectl label --local -o json`). */
test.each([
  ['a: &a {k: 1}\nb: *a\nc: [*a]\n', { a: { k: 1 }, b: { k: 1 }, c: [{ k: 1 }] }],
  ['a: &a 1\nb: &a 2\nc: *a\n', { a: 1, b: 2, c: 2 }],
  ['a: &a b\n*a : c\n', { a: 'b', b: 'c' }],
  ['<<: {a: 1}\na: 2\n', { a: 2 }],
  ['a: 2\n<<: {a: 1, b: 1}\n', { a: 1, b: 1 }],
  ['<<: [{k: 1, l: 1}, {k: 2, m: 2}]\n', { k: 1, l: 1, m: 2 }],
  ['a: &a {k: 1}\nb: {<<: *a, l: 2}\nc: {<<: {m: 3}, <<: *a}\n', { a: { k: 1 }, b: { k: 1, l: 2 }, c: { m: 3, k: 1 } }],
  ['"<<": {a: 1}\n', { '<<': { a: 1 } }],
  ['1: a\ny: b\n1.5: c\n0644: d\n"1e1": e\n', { '1': 'a', true: 'b', '1.5': 'c', '420': 'd', '1e1': 'e' }],
  ['a: !!str 1\nb: ! 2\nc: "3"\nd: \'4\'\ne: |-\n  5\nf: !own x\n', { a: '1', b: '2', c: '3', d: '4', e: '5', f: 'x' }],
  ['a:\nb: ~\nc: ""\nd: []\ne: {}\nf: {g, h: }\n', { a: null, b: null, c: '', d: [], e: {}, f: { g: null, h: null } }],
])('%j', (text, value) => {
  expect(valueOf(text)).toEqual(value);
});

test('a key that every object has is a key like others', () => {
  expect(Object.entries(valueOf('__proto__: a\nconstructor: b\n') as object)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
});
