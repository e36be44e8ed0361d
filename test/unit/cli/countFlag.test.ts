import { expect, test } from 'vitest';
import { countOf } from '../../../src/cli/countFlag.ts';

test.each([['1', 1], ['32', 32], ['250', 250]])('%s is a count', (text, count) => {
  expect(countOf(text, '--max-pods', 250)).toBe(count);
});

test.each([[''], ['0'], ['251'], ['-1'], ['1.5'], ['1e2'], ['many'], ['9999999999']])('%j is wrong usage', (text) => {
  expect(() => countOf(text, '--max-pods', 250)).toThrow(expect.objectContaining({ code: 'USAGE', where: '--max-pods' }) as Error);
});
