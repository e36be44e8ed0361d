import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressOfKey, formatAddress, packetAddresses } from '../../../src/pcapng/index.ts';
import { frameBetween, keyOf } from '../../support/pcapng/addressedPacket.ts';

const v4 = ['10.0.0.1', '255.0.0.254'] as const;
const v6 = ['fd00::1', 'ffff::fffe'] as const;
const read = (linkType: number, data: Uint8Array): string[] | undefined =>
  packetAddresses(linkType, data)?.map((key) => formatAddress(addressOfKey(key)));
const behind = (header: readonly number[], data: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.from(header), data]);
const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);

describe('the addresses of a packet', () => {
  test.each([v4, v6])('are found on every link type: %s to %s', (source, destination) => {
    const frame = frameBetween(source, destination);
    const ip = frame.subarray(14);
    const type = [...frame.subarray(12, 14)];
    const all = [
      read(1, frame),
      read(1, behind([...frame.subarray(0, 12), 0x81, 0, 0, 7, ...type], ip)),
      read(1, behind([...frame.subarray(0, 12), 0x88, 0xa8, 0, 1, 0x81, 0, 0, 7, ...type], ip)),
      read(113, behind([...zeros(14), ...type], ip)),
      read(276, behind([...type, ...zeros(18)], ip)),
      read(101, ip),
      read(228, ip),
      read(229, ip),
      read(0, behind([2, 0, 0, 0], ip)),
      read(108, behind([0, 0, 0, 2], ip)),
    ];
    expect(all).toEqual(all.map(() => [source, destination]));
  });

  test('are none where there is no whole IP header', () => {
    const frame = frameBetween(...v4);
    expect(read(1, frame.subarray(0, 33))).toBeUndefined();
    expect(read(1, frameBetween(...v6).subarray(0, 53))).toBeUndefined();
    expect(read(1, behind([...frame.subarray(0, 12), 8, 6], frame.subarray(14)))).toBeUndefined();
    expect(read(147, frame)).toBeUndefined();
  });

  test('of any bytes end in two addresses or none', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 101, 108, 113, 228, 229, 276),
        fc.uint8Array({ maxLength: 70 }),
        (type, data) => {
          const found = packetAddresses(type, data) ?? [];
          expect([0, 2]).toContain(found.length);
          for (const key of found) expect(formatAddress(addressOfKey(key))).not.toBe('');
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('are keys that differ where the addresses do', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        expect(keyOf(formatAddress(addressOfKey(keyOf(text))))).toBe(keyOf(text));
      }),
    );
  });
});
