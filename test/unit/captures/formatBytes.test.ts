import { expect, test } from 'vitest';
import { formatAge, formatBytes } from '../../../src/captures/formatBytes.ts';

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
  [-5, '0s'],
  [119, '119s'],
  [120, '2m'],
  [7199, '119m'],
  [7200, '2h'],
  [172_800, '2d'],
])('%i seconds are %s', (seconds, text) => {
  expect(formatAge(seconds)).toBe(text);
});
