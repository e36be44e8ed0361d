import { describe, expect, test } from 'vitest';
import { isGroup, valuesTree, type Fields } from '../../src/chart/values/index.ts';
import { helmTemplate } from '../support/chart/helm.ts';
import { kubernetesValues, typedValues } from '../support/chart/kubernetesValues.ts';

/** Every value that is an object of Kubernetes, with a sample that a user may write. */
const samples: Readonly<Record<string, unknown>> = {
  ...kubernetesValues,
  ...typedValues,
  ...labelsOf(valuesTree, ''),
  ...pullSecrets(),
};
/** Objects of any kind, which the schema cannot check. */
const unknown = ['extraObjects'];

function labelsOf(fields: Fields, prefix: string): Record<string, unknown> {
  const found = Object.entries(fields).map(([key, node]) => {
    if (isGroup(node)) return labelsOf(node.fields, `${prefix}${key}.`);
    return /labels$|annotations$/i.test(key)
      ? { [`${prefix}${key}`]: { 'example.com/owner': 'net', number: '1' } }
      : {};
  });
  return Object.assign({}, ...found) as Record<string, unknown>;
}

function pullSecrets(): Record<string, unknown> {
  return Object.fromEntries(
    ['image.pullSecrets', 'agent.image.pullSecrets', 'global.imagePullSecrets'].map((path) => [
      path,
      [{ name: 'a' }, 'b'],
    ]),
  );
}

function structuredPaths(fields: Fields, prefix: string): string[] {
  return Object.entries(fields).flatMap(([key, node]) => {
    if (isGroup(node)) return structuredPaths(node.fields, `${prefix}${key}.`);
    return [node.schema['type']].flat().some((type) => type === 'object' || type === 'array')
      ? [`${prefix}${key}`]
      : [];
  });
}

test('there is a sample for every value that is an object of Kubernetes', () => {
  expect(Object.keys(samples).toSorted()).toEqual(
    structuredPaths(valuesTree, '')
      .filter((path) => !unknown.includes(path))
      .toSorted(),
  );
});

/** Values by their paths, as one document. */
function documentOf(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(values)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const parent = keys.reduce((at, key) => (at[key] ??= {}) as Record<string, unknown>, root);
    parent[last] = value;
  }
  return root;
}

/** Where the API server accepts both a number and a text, so that only a boolean is wrong. */
const either = /\/(requests|limits)\/|\/(sizeLimit|divisor|value|averageValue|tolerance|maxSurge|maxUnavailable|port)$/;
const isText = /\/(matchLabels|sysctls|options|httpHeaders|env|extraEnv|tolerations|volumeAttributes)\//;
const takesEither = (path: string): boolean => either.test(path) && !(path.endsWith('/value') && isText.test(path));

/** The wrong value that replaces a scalar. */
type Wrong = (value: unknown, path: string) => unknown;
const wrongs: Readonly<Record<string, Wrong>> = {
  'true where there is none': (value) => (typeof value === 'boolean' ? undefined : true),
  'a number for a text': (value, path) => (typeof value === 'string' && !takesEither(path) ? 12 : undefined),
  'a text for a number or a truth': (value, path) =>
    typeof value === 'string' || takesEither(path) ? undefined : 'yes please',
  'no quantity': (_, path) =>
    /\/(requests|limits)\/|\/(sizeLimit|divisor|averageValue|tolerance)$/.test(path) ? '1 cpu' : undefined,
};

/** A copy of the value for each scalar that can be wrong, with the scalar's place. */
function spoilt(value: unknown, path: string, wrong: Wrong, at: string[]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => spoilt(item, `${path}/${index}`, wrong, at));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        spoilt(item, `${path}/${key.replaceAll('/', '~1')}`, wrong, at),
      ]),
    );
  }
  const other = wrong(value, path);
  if (other === undefined) return value;
  at.push(path);
  return other;
}

describe.each([3, 4] as const)('helm %i', (major) => {
  test('accepts all samples', async () => {
    const values = documentOf(samples);
    const { stderr } = await helmTemplate(values, { major });
    expect(stderr).not.toContain('schema');
  });

  test.each(Object.entries(wrongs))('refuses a wrong scalar in every place of %s', async (_, wrong) => {
    const at: string[] = [];
    const values = spoilt(documentOf(samples), '', wrong, at);
    const { exitCode, stderr } = await helmTemplate(values, { major });
    expect(exitCode).not.toBe(0);
    const told = new Set([...stderr.matchAll(/at '([^']*)'/g)].map(([, path]) => path));
    expect(at.filter((path) => !told.has(path))).toEqual([]);
    expect(at.length).toBeGreaterThan(20);
  });
});
