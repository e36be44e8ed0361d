import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { filesOf, rows, testedVersions, type Row } from '../../../../scripts/versions/runs.ts';
import { cellsOf, withColumns, type TestOutcome } from '../../../../scripts/versions/table.ts';

const attach: Row = { title: 'attach', files: ['a.test.ts', 'b.test.ts'] };
const policy: Row = {
  title: 'policy',
  files: ['policy.test.ts'],
  since: { minor: 36, otherwise: ['without.test.ts'], says: 'refused' },
};
const outcome = (file: string, status = 'passed', title = 'it works'): TestOutcome => ({ file, title, status });

test('a cell counts the tests of all its files', () => {
  const outcomes = [outcome('a.test.ts'), outcome('b.test.ts'), outcome('b.test.ts', 'skipped'), outcome('c.test.ts')];
  expect(cellsOf([attach], 36, outcomes)).toEqual(['works (2 tests)']);
});

test('a test that fails is named; a file that reports nothing fails too', () => {
  expect(cellsOf([attach], 36, [outcome('a.test.ts', 'failed', 'a pod'), outcome('b.test.ts')])).toEqual([
    '**fails**: a pod',
  ]);
  expect(cellsOf([attach], 36, [outcome('a.test.ts')])).toEqual(['**fails**: b.test.ts']);
});

test('on a version that lacks it, a cell says what happens instead', () => {
  const outcomes = [outcome('policy.test.ts'), outcome('without.test.ts')];
  expect(cellsOf([policy], 36, outcomes)).toEqual(['works (1 test)']);
  expect(cellsOf([policy], 35, outcomes)).toEqual(['refused (1 test)']);
});

test('a row may have words of its own for tests that pass', () => {
  const says: Row = { ...attach, files: ['a.test.ts'], says: 'says so' };
  expect(cellsOf([says], 36, [outcome('a.test.ts')])).toEqual(['says so (1 test)']);
  expect(cellsOf([says], 36, [outcome('a.test.ts', 'failed')])).toEqual(['**fails**: it works']);
});

test('on a version that has it no more, a cell says so', () => {
  const gone: Row = { title: 'gate', files: ['a.test.ts'], until: { minor: 32, says: 'gone' } };
  expect(cellsOf([gone], 32, [outcome('a.test.ts')])).toEqual(['works (1 test)']);
  expect(cellsOf([gone], 33, [])).toEqual(['gone']);
});

const document = (table: string): string => `before\n<!-- versions -->\n${table}<!-- /versions -->\nafter\n`;

test('a run replaces its own column and keeps the others, in the order of the versions', () => {
  const order = ['1.30', '1.36', '1.37'];
  const once = withColumns(document(''), order, ['attach', 'minutes'], [{ head: '1.37', cells: ['works', '4'] }]);
  expect(once).toBe(document('| Kubernetes | 1.37 |\n| --- | --- |\n| attach | works |\n| minutes | 4 |\n'));
  const twice = withColumns(once, order, ['attach', 'minutes'], [{ head: '1.30', cells: ['works', '5'] }]);
  expect(twice).toBe(
    document('| Kubernetes | 1.30 | 1.37 |\n| --- | --- | --- |\n| attach | works | works |\n| minutes | 5 | 4 |\n'),
  );
  expect(withColumns(twice, ['1.30'], ['attach', 'minutes'], [{ head: '1.30', cells: ['no', '6'] }])).toBe(
    document('| Kubernetes | 1.30 |\n| --- | --- |\n| attach | no |\n| minutes | 6 |\n'),
  );
});

test('columns of a table with other rows are dropped, since they do not say what is asked', () => {
  const once = withColumns(document(''), ['1.30', '1.37'], ['attach'], [{ head: '1.37', cells: ['works'] }]);
  expect(withColumns(once, ['1.30', '1.37'], ['stream'], [{ head: '1.30', cells: ['works'] }])).toBe(
    document('| Kubernetes | 1.30 |\n| --- | --- |\n| stream | works |\n'),
  );
});

test('every row has files that exist, on every version', () => {
  for (const row of rows) {
    for (const { kubernetes } of testedVersions) {
      const files = filesOf(row, kubernetes);
      const gone = row.until !== undefined && kubernetes > row.until.minor;
      expect(files.length > 0, row.title).toBe(!gone);
      expect(files.filter((file) => !existsSync(file))).toEqual([]);
    }
  }
});
