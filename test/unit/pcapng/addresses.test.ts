import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../../src/pcapng/addresses.ts';

/** Texts that look like addresses, right and wrong ones. */
const almost = fc
  .array(fc.constantFrom(':', '::', '.', '0', '1', 'a', 'ff', '255', '256', '01', '10', 'fd00', 'g'), { maxLength: 18 })
  .map((parts) => parts.join(''));

describe('an address as text', () => {
  test('is taken where Node takes it too, and nothing else is', () => {
    fc.assert(
      fc.property(fc.oneof(almost, fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 20 })), (text) => {
        expect(parseAddress(text)?.length).toBe(
          isIPv4(text) ? 4 : isIPv6(text) && !text.includes('%') ? 16 : undefined,
        );
      }),
      { numRuns: 3000 },
    );
  });

  test('of IPv4 is written as it was read', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(formatAddress(parseAddress(text) ?? new Uint8Array())).toBe(text);
      }),
    );
  });

  test('of IPv6 is written in the one form of RFC 5952, which reads as the same bytes', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const bytes = parseAddress(text) ?? new Uint8Array();
        const written = formatAddress(bytes);
        expect(parseAddress(written)).toEqual(bytes);
        // Node writes an IPv4 address that is mapped to IPv6 with hexadecimal numbers.
        const byNode = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        expect(written.startsWith('::ffff:') && written.includes('.') ? byNode : written).toBe(byNode);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:a00:1', '::ffff:10.0.0.1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['fd00::', 'fd00::'],
  ])('%s is written %s', (text, written) => {
    expect(formatAddress(parseAddress(text) ?? new Uint8Array())).toBe(written);
  });

  test('of other lengths there is none', () => {
    expect([0, 3, 5, 15, 17].map((length) => formatAddress(new Uint8Array(length)))).toEqual(['', '', '', '', '']);
  });
});
