import { expect, test } from 'vitest';
import { withRows } from '../../support/long/compatibility/table.ts';

const head = ['what', 'patch'];
const doc = [
  'before',
  '<!-- table -->',
  '| what | patch |',
  '| --- | --- |',
  '| one | a |',
  '| two | b, $& |',
  '| gone | c |',
  '<!-- /table -->',
  'after',
].join('\n');

test('a run of some rows replaces those rows and keeps the others', () => {
  const expected = [
    'before',
    '<!-- table -->',
    '| what | patch |',
    '| --- | --- |',
    '| one | new |',
    '| two | b, $& |',
    '<!-- /table -->',
    'after',
  ].join('\n');
  expect(withRows(doc, head, ['one', 'two'], [['one', 'new']])).toBe(expected);
});

test('a new row is inserted in the order of the titles', () => {
  const lines = withRows(doc, head, ['three', 'two', 'one'], [['three', 'x']])
    .split('\n')
    .slice(4, 7);
  expect(lines).toEqual(['| three | x |', '| two | b, $& |', '| one | a |']);
});

test('a run of all rows writes the whole table, and a second run changes nothing', () => {
  const all = [
    ['one', '1'],
    ['two', '2'],
  ];
  const once = withRows(doc, ['what', 'install'], ['one', 'two'], all);
  expect(once.split('\n').slice(2, 6)).toEqual(['| what | install |', '| --- | --- |', '| one | 1 |', '| two | 2 |']);
  expect(withRows(once, ['what', 'install'], ['one', 'two'], all)).toBe(once);
});
