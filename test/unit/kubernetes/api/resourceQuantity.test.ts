import { assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { sameQuantity } from '../../../../src/kubernetes/api/resourceQuantity.ts';

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
