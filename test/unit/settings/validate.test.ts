import { expect, test } from 'vitest';
import { settingProblem, settings } from '../../../src/settings/index.ts';
import { settingValues } from '../../support/settingValues.ts';

test.each(settingValues)('%s %j: valid %s', (name, value, valid) => {
  expect(settingProblem(name, value) === undefined).toBe(valid);
});

test.each(settings.map(({ name, default: value }) => [name, value]))(
  'the default of %s, %j, is valid',
  (name, value) => {
    expect(settingProblem(name, value)).toBeUndefined();
  },
);

test('every setting is in the table of values', () => {
  const covered = new Set(settingValues.map(([name]) => name));
  expect(settings.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
});

test('an unknown name is a problem', () => {
  expect(settingProblem('filters', 'x')).toBe('is not a setting');
});
