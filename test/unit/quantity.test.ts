import { assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { formatBytes, formatMebibytes, parseQuantity, preciseBytes, sameQuantity } from '../../src/quantity.ts';

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
  '%j is not a quantity for a capture',
  (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  },
);

test('mebibytes are rounded up: a volume must never be smaller than its ring', () => {
  expect(formatMebibytes(16 * 1024 ** 2)).toBe('16Mi');
  expect(formatMebibytes(16 * 1024 ** 2 + 1)).toBe('17Mi');
});

test.each([
  ['1', '1000m'],
  ['0.1', '100m'],
  ['1Gi', '1024Mi'],
  ['32768Ki', '32Mi'],
  ['1k', '1000'],
  ['1e3', '1k'],
  ['.5', '500m'],
  [2, '2'],
  [0.5, '500m'],
  ['0', '0Mi'],
])('%s is %s', (a, b) => {
  expect(sameQuantity(a, b)).toBe(true);
});

test.each([
  ['1', '1001m'],
  ['1Gi', '1G'],
  ['100m', '100M'],
  ['1', '-1'],
  ['abc', 'abd'],
  ['', '0'],
  ['1Xi', '1Yi'],
])('%s is not %s', (a, b) => {
  expect(sameQuantity(a, b)).toBe(false);
});

test('millis are thousandths, whatever the number', () => {
  assert(
    property(integer({ min: 0, max: 2 ** 31 }), (millis) => {
      expect(sameQuantity(`${millis}m`, String(millis / 1000))).toBe(true);
      expect(sameQuantity(`${millis}m`, `${millis + 1}m`)).toBe(false);
    }),
  );
});

test.each([
  [0, '0'],
  [1023, '1023'],
  [1024, '1.0Ki'],
  [190_276, '185.8Ki'],
  [16 * 1024 ** 2, '16.0Mi'],
  [1024 ** 3 * 2.5, '2.5Gi'],
])('%i bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [512, '0.5Ki'],
  [16 * 1024 ** 2, '16Mi'],
  [1024 ** 2 * 1.256, '1.26Mi'],
  [1024 ** 4 * 2, '2048Gi'],
])('%d bytes are precisely %s', (bytes, text) => {
  expect(preciseBytes(bytes)).toBe(text);
});
