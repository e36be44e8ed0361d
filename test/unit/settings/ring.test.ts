import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatMebibytes, parseQuantity, volumeBytes } from '../../../src/settings/index.ts';

const mebibyte = 1024 ** 2;

test('the volume is larger than any ring', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 1, max: 1000 }), (size, count) => {
      const bytes = volumeBytes({ 'file-size': `${size}Mi`, 'file-count': String(count) });
      expect(bytes).toBeGreaterThan(size * mebibyte * count);
    }),
  );
});

test('without settings it fits the default ring of 8 files of 16Mi, the file being written, and 16Mi to spare', () => {
  expect(volumeBytes({})).toBe((8 * 16 + 16 + 16) * mebibyte);
});

test('a value that is not valid counts as the default', () => {
  expect(volumeBytes({ 'file-size': 'huge', 'file-count': '-1' })).toBe(volumeBytes({}));
});

test('even of the largest ring it is a quantity that the capture agent reads', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 999_999_999 }), (size, count) => {
      const text = formatMebibytes(volumeBytes({ 'file-size': String(size), 'file-count': String(count) }));
      expect(parseQuantity(text), text).toBeDefined();
    }),
    { examples: [[Number.MAX_SAFE_INTEGER, 999_999_999]] },
  );
});
