import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatMebibytes,
  parseQuantity,
  preciseBytes,
  volumeLimitProblem,
  volumeBytes,
} from '../../../src/settings/index.ts';

const mebibyte = 1024 ** 2;

test('the volume is larger than any ring', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 1, max: 1000 }), (size, count) => {
      const bytes = volumeBytes({ 'file-size': `${size}Mi`, 'file-count': String(count) });
      expect(bytes).toBeGreaterThan(size * mebibyte * count);
    }),
  );
});

test('without settings it fits the default ring of 8 files of 16Mi, the file being written, 64Mi of kept files, and 16Mi to spare', () => {
  expect(volumeBytes({})).toBe((8 * 16 + 16 + 64 + 16) * mebibyte);
});

test('kept files get the room that keep-size gives, within the limit of the volume', () => {
  expect(volumeBytes({ 'keep-size': '1Gi' }) - volumeBytes({})).toBe((1024 - 64) * mebibyte);
  expect(volumeBytes({ 'keep-size': 'huge' })).toBe(volumeBytes({}));
  expect(volumeBytes({ 'keep-size': '10Gi' }, 200 * mebibyte)).toBe(200 * mebibyte);
  expect(volumeLimitProblem({ 'keep-size': '10Gi' }, 160 * mebibyte)).toBeUndefined();
});

test('a value that is not valid counts as the default', () => {
  expect(volumeBytes({ 'file-size': 'huge', 'file-count': '-1' })).toBe(volumeBytes({}));
});

test('the size for the largest ring is a quantity that the agent can read', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 999_999_999 }), (size, count) => {
      const text = formatMebibytes(volumeBytes({ 'file-size': String(size), 'file-count': String(count) }));
      expect(parseQuantity(text), text).toBeDefined();
    }),
    { examples: [[Number.MAX_SAFE_INTEGER, 999_999_999]] },
  );
});

test('a ring that is too large for a volume is reported with its calculation, and its volume has the largest size', () => {
  const [values, most] = [{ 'file-size': '10Gi', 'file-count': '100' }, 10 * 1024 ** 3];
  expect(volumeLimitProblem(values, most)).toBe(
    'file-size 10Gi x (file-count 100 + 1) + 16Mi = 1010.02Gi, more than the 10Gi that a volume may have',
  );
  expect(volumeBytes(values, most)).toBe(most);
  expect(volumeBytes(values, 1.5 * mebibyte)).toBe(mebibyte);
  expect(volumeLimitProblem({}, 160 * mebibyte)).toBeUndefined();
  expect(volumeLimitProblem({}, 160 * mebibyte - 1)).toContain(
    'file-size 16Mi x (file-count 8 + 1) + 16Mi = 160Mi, more than',
  );
});

test.each([
  [1, '0Ki'],
  [1536, '1.5Ki'],
  [16 * mebibyte, '16Mi'],
  [8191 * 1024 ** 4, '8387584Gi'],
])('%d bytes are %s', (bytes, text) => {
  expect(preciseBytes(bytes)).toBe(text);
});
