import { expect, test } from 'vitest';
import { countOf, durationOfFlag } from '../../../../src/cli/flags/flagValues.ts';

test.each([
  ['soon', '"soon" is not a duration such as 5m'],
  ['', '"" is not a duration such as 5m'],
  ['90', '"90" is not a duration such as 5m'],
  ['0s', '"0s" is too short: the minimum is 1s'],
  ['600h', '"600h" is too long: the maximum is 24 days'],
])('%j: %s', (text, message) => {
  expect(() => durationOfFlag(text, '--timeout', { example: '5m' })).toThrow(
    expect.objectContaining({ code: 'USAGE', message, where: '--timeout' }) as Error,
  );
});

test('an optional value', () => {
  expect(durationOfFlag('0s', '--drain', { example: '10s', least: 0 })).toBe(0);
  expect(durationOfFlag('1m30s', '--timeout', { example: '5m' })).toBe(90);
});

test.each([
  ['1', 1],
  ['32', 32],
  ['250', 250],
])('%s is a count', (text, count) => {
  expect(countOf(text, '--max-pods', 250)).toBe(count);
});

test.each([[''], ['0'], ['251'], ['-1'], ['1.5'], ['1e2'], ['many'], ['9999999999']])('%j is wrong usage', (text) => {
  expect(() => countOf(text, '--max-pods', 250)).toThrow(
    expect.objectContaining({ code: 'USAGE', where: '--max-pods' }) as Error,
  );
});
