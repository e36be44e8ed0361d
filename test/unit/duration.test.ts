import { expect, test } from 'vitest';
import { formatAge, parseDuration } from '../../src/duration.ts';

test.each([
  ['60s', 60],
  ['1m30s', 90],
  ['2h', 7200],
  ['1h1m1s', 3661],
  ['0s', 0],
])('%s is %d seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each(['', '60', '500ms', '1.5h', '-1s', '1d', '1h ', 's', '9999999999s'])(
  '%j is not a duration in whole seconds',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

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
