import { expect, test } from 'vitest';
import { replaceMarked } from '../../../../scripts/docs/marks.ts';

const document = 'before\n<!-- a -->\nold\n<!-- /a -->\nbetween\n<!-- b -->\nkept\n<!-- /b -->\nafter\n';

test('replaces the marked part, and nothing else', () => {
  expect(replaceMarked(document, 'a', 'new $& text\nof two lines')).toBe(
    document.replace('old', () => 'new $& text\nof two lines'),
  );
});

test('replaces an empty part', () => {
  expect(replaceMarked('<!-- a -->\n<!-- /a -->', 'a', 'new')).toBe('<!-- a -->\nnew\n<!-- /a -->');
});

test.each([
  ['the start is missing', 'old\n<!-- /a -->'],
  ['the end is missing', '<!-- a -->\nold'],
  ['they are in the wrong order', 'x\n<!-- /a -->\n<!-- a -->\nold'],
])('fails when %s', (_, text) => {
  expect(() => replaceMarked(text, 'a', 'new')).toThrow('<!-- a -->');
});
