import { expect, test } from 'vitest';
import { formatTable } from '../../../src/captures/formatTable.ts';

test('columns are as wide as their widest cell', () => {
  expect(
    formatTable([
      ['A', 'B', 'C'],
      ['long', '', 'x'],
      ['ä', 'y', ''],
    ]),
  ).toEqual(['A     B  C', 'long     x', 'ä     y']);
  expect(
    formatTable([
      ['A', 'B'],
      ['a\nb', '\u001B[2J'],
    ]),
  ).toEqual(['A    B', 'a b  \\u001b[2J']);
  expect(formatTable([])).toEqual([]);
});
