import { expect, test } from 'vitest';
import { parseDuration } from '../../../src/settings/index.ts';

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
  '%j is no duration of whole seconds',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);
