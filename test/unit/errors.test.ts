import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { codedError, formatError, isCodedError } from '../../src/errors.ts';
import { version } from '../../src/version.ts';

test('an error says what happened, where, and what to do', () => {
  const error = codedError('SETTING_INVALID', 'file-size "big" must be a quantity', { where: '--file-size' });
  expect(formatError(error)).toBe(
    'error SETTING_INVALID: file-size "big" must be a quantity\n  at --file-size\n  Correct the value.',
  );
});

test('only errors with a code of the table are coded; errors of Node have other codes', () => {
  expect(isCodedError(codedError('USAGE', 'x'))).toBe(true);
  expect(isCodedError(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe(false);
  expect(isCodedError('USAGE')).toBe(false);
});

test('the version is that of the package', () => {
  expect((JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version).toBe(version);
});
