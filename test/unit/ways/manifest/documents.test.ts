import { expect, test } from 'vitest';
import { splitDocuments } from '../../../../src/ways/manifest/documents.ts';
import { openSource } from '../../../../src/ways/manifest/text.ts';

function split(text: string): string[] {
  return splitDocuments(openSource(text, 'f')).map(({ number, start, end }) => `${number}:${text.slice(start, end)}`);
}

test.each([
  ['', []],
  ['# only\n\n', []],
  ['a: b', ['1:a: b']],
  ['a: b\n---\nc: d\n', ['1:a: b\n', '2:---\nc: d\n']],
  ['---\na: b\n--- # x\nc\n---\t\nd\n---', ['1:---\na: b\n', '2:--- # x\nc\n', '3:---\t\nd\n', '4:---']],
  ['# head\n---\na: b\n', ['1:# head\n---\na: b\n']],
  [
    '%YAML 1.1\n# c\n---\na\n...\n# between\n%TAG ! x\n---\nb\n',
    ['1:%YAML 1.1\n# c\n---\na\n...\n', '2:# between\n%TAG ! x\n---\nb\n'],
  ],
  ['a\n...\nb\n... # end\n# tail\n', ['1:a\n...\n', '2:b\n... # end\n']],
  ['a: |\n ---\n  x\n----\nb: ---\n---x\n', ['1:a: |\n ---\n  x\n----\nb: ---\n---x\n']],
  ['\uFEFF---\r\na\r\n---\r\nb', ['1:\uFEFF---\r\na\r\n', '2:---\r\nb']],
  ['---\n---\n\n---\n', ['1:---\n', '2:---\n\n', '3:---\n']],
])('%j', (text, expected) => {
  expect(split(text)).toEqual(expected);
});
