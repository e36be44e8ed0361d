import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  parseDuration,
  parseKeep,
  parseQuantity,
  platformOf,
  settingProblem,
  settings,
} from '../../../src/settings/index.ts';

interface Vector {
  readonly setting: string;
  readonly value: string;
  /** How often the value is written, one behind the other. */
  readonly repeat?: number;
  readonly reason?: string;
  readonly meaning?: unknown;
}

const folder = new URL('../../../agent/internal/settings/', import.meta.url);
const vectors = JSON.parse(await readFile(new URL('testdata/vectors.json', folder), 'utf8')) as readonly Vector[];

const meanings: Readonly<Record<string, (text: string) => unknown>> = {
  'file-size': parseQuantity,
  'buffer-size': parseQuantity,
  rotate: parseDuration,
  duration: parseDuration,
  'keep-size': parseQuantity,
  'keep-on-exit': parseDuration,
  keep: keepMeaning,
};

/** As the Go program writes it: seconds, or nanoseconds since 1970 as far as a number holds them. */
function keepMeaning(text: string): unknown {
  const keep = parseKeep(text);
  if (keep === undefined) return undefined;
  return 'lastSeconds' in keep ? [keep.lastSeconds, keep.reason] : [Number(keep.from), Number(keep.to), keep.reason];
}

test('the test values of the Go program are valid or invalid here too, for the same reasons', () => {
  const differ = vectors.flatMap(({ setting, value, repeat = 1, reason, meaning }) => {
    const text = value.repeat(repeat);
    const problem = settingProblem(setting, text);
    const parsed = problem === undefined ? (meanings[setting]?.(text) ?? meaning) : undefined;
    return problem === reason && (meaning === undefined || JSON.stringify(parsed) === JSON.stringify(meaning))
      ? []
      : [{ setting, text: text.slice(0, 80), problem, reason, parsed, meaning }];
  });
  expect(differ).toEqual([]);
});

test('values that a release does not allow are refused with the same message', async () => {
  const text = await readFile(new URL('testdata/platform.json', folder), 'utf8');
  for (const { environment, setting, value, reason } of JSON.parse(text) as readonly (Vector & {
    readonly environment: Record<string, string>;
  })[]) {
    expect(
      settingProblem(setting, value, platformOf(environment)),
      `${JSON.stringify(environment)}: ${setting}=${value}`,
    ).toBe(reason);
  }
});

test.each(settings.map(({ name }) => name))('%s has a value that is valid and one that is not', (name) => {
  const reasons = vectors.filter(({ setting }) => setting === name).map(({ reason }) => reason === undefined);
  expect(new Set(reasons)).toEqual(new Set([true, false]));
});
