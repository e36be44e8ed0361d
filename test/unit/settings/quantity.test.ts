import { expect, test } from 'vitest';
import { formatMebibytes, parseQuantity } from '../../../src/settings/index.ts';

test.each([
  ['16Mi', 16 * 1024 ** 2],
  ['64M', 64_000_000],
  ['1Gi', 1024 ** 3],
  ['1048576', 1_048_576],
  ['1k', 1000],
  ['0', 0],
  ['007', 7],
])('%s is %d bytes', (text, bytes) => {
  expect(parseQuantity(text)).toBe(bytes);
});

test.each(['', '1.5Gi', '1e3', '16mi', '16 Mi', '-1', 'Mi', '99999999999Ti', '1Mi\n', '１６Mi', '0x10'])(
  '%j is no quantity for a capture',
  (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  },
);

test('mebibytes are rounded up: a volume must never be smaller than its ring', () => {
  expect(formatMebibytes(16 * 1024 ** 2)).toBe('16Mi');
  expect(formatMebibytes(16 * 1024 ** 2 + 1)).toBe('17Mi');
});
