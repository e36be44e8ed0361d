import { assert, property, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { serialBytes, serialOf } from '../../../src/certificates/randomness.ts';

const sixteenBytes = uint8Array({ minLength: serialBytes, maxLength: serialBytes });

test('for any random bytes, a serial is a positive 128-bit number in its shortest form', () => {
  assert(
    property(sixteenBytes, (random) => {
      const serial = serialOf(random);
      const first = Number.parseInt(serial.slice(0, 2), 16);
      // DER: a first byte from 0x80 on is a negative number, and a zero byte before a smaller one than that is refused.
      expect(first).toBeGreaterThan(0);
      expect(first).toBeLessThan(0x80);
      expect(serial).toMatch(/^[0-9a-f]{32}$/);
    }),
    {
      numRuns: 500,
      examples: [
        [new Uint8Array(serialBytes)],
        [new Uint8Array(serialBytes).fill(0xff)],
        [Uint8Array.of(0x80, ...Array.from({ length: 15 }, () => 0))],
      ],
    },
  );
});

test('all other bits are random', () => {
  assert(
    property(sixteenBytes, sixteenBytes, (one, other) => {
      const same =
        Buffer.from(one.subarray(1)).equals(Buffer.from(other.subarray(1))) &&
        ((one[0] ?? 0) & 0x3f) === ((other[0] ?? 0) & 0x3f);
      expect(serialOf(one) === serialOf(other)).toBe(same);
    }),
  );
});
