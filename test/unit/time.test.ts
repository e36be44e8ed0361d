import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTime, lacksOffset, millisecondsToNanoseconds, parseTime, timeInName } from '../../src/time.ts';

describe('a time in RFC 3339', () => {
  test.each([
    ['1970-01-01T00:00:00Z', 0n],
    ['2026-11-29T03:05:00Z', 1_795_921_500_000_000_000n],
    ['2026-11-29t03:05:00.5z', 1_795_921_500_500_000_000n],
    ['2026-11-29 04:05:00.000000001+01:00', 1_795_921_500_000_000_001n],
    ['2026-11-28T21:35:00.1234567899-05:30', 1_795_921_500_123_456_789n],
    ['1969-12-31T23:59:59.999999999Z', -1n],
  ])('%s is read to the nanosecond', (text, nanoseconds) => {
    expect(parseTime(text)).toBe(nanoseconds);
  });

  test.each([
    '',
    '10m',
    '2026-11-29',
    '2026-11-29T03:05:00',
    '2026-11-29T03:05Z',
    '2026-02-31T00:00:00Z',
    '2026-11-29T25:00:00Z',
    '2026-11-29T03:05:00+1:00',
    ' 2026-11-29T03:05:00Z',
    '1795921500',
  ])('"%s" is not a time', (text) => {
    expect(parseTime(text)).toBe(undefined);
  });

  test('without its offset is distinguished from other text', () => {
    expect(['2026-11-29T03:05:00', '2026-11-29 03:05:00.5', '2026-11-29', 'noon'].map(lacksOffset)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test('is the same after it is written and read', () => {
    const years = { min: -60_000_000_000_000_000_000n, max: 250_000_000_000_000_000_000n };
    fc.assert(fc.property(fc.bigInt(years), (time) => parseTime(formatTime(time)) === time));
    fc.assert(
      fc.property(fc.nat({ max: 4_000_000_000 }), (seconds) => {
        const milliseconds = seconds * 1000 + 7;
        expect(formatTime(millisecondsToNanoseconds(milliseconds))).toBe(new Date(milliseconds).toISOString());
      }),
    );
  });

  test('has no character in a name that a file system refuses', () => {
    expect(timeInName(1_795_921_500_000_000_000n)).toBe('20261129T030500Z');
    expect(timeInName(1_795_921_500_250_000_000n)).toBe('20261129T030500.250Z');
  });
});
