import { describe, expect, test } from 'vitest';
import { defaultValues } from '../../src/chart/index.ts';
import { isGroup, valuesTree, type Fields } from '../../src/chart/values/index.ts';
import { helmTemplate, parseObjects } from '../support/chart/helm.ts';
import { bakedCerts } from '../support/chart/valueSets.ts';

const certs = await bakedCerts();
const set = { certs, targets: [{ namespace: 'shop', deployments: ['web'] }], networkPolicy: { enabled: true } };

/** Every block of the first two levels, as `helm upgrade --reuse-values` of a chart before it would lack it. */
const blocks: readonly string[] = Object.entries<Fields[string]>(valuesTree).flatMap(([key, node]) =>
  isGroup(node) ? [key, ...Object.keys(node.fields).map((below) => `${key}.${below}`)] : [key],
);

/** Parts of Kubernetes objects: null takes a default away, and absent is the same. */
const takenAway = (path: string): boolean => {
  const node = path
    .split('.')
    .reduce<Fields[string] | undefined>(
      (at, key) => (at === undefined ? (valuesTree as Fields)[key] : isGroup(at) ? at.fields[key] : undefined),
      undefined,
    );
  if (node === undefined || isGroup(node)) return false;
  return (
    node.schema['allOf'] !== undefined || (Array.isArray(node.schema['type']) && node.schema['type'].includes('null'))
  );
};
/** What the set itself says. */
const given = [
  'certs',
  'certs.mode',
  'certs.caBundle',
  'certs.certificate',
  'certs.key',
  'targets',
  'global',
  'global.imageRegistry',
];

function withNull(path: string): object {
  const [key = '', below] = path.split('.');
  const own = (set as Record<string, unknown>)[key];
  return { ...set, [key]: below === undefined ? null : { ...(own as object | undefined), [below]: null } };
}

test('there are enough of them', () => {
  expect(blocks.length).toBeGreaterThan(120);
  expect(defaultValues()).toHaveProperty('hooks.enabled');
});

describe.each([3, 4] as const)('helm %i', (major) => {
  test('renders the default where old values lack a block', async () => {
    const whole = parseObjects((await helmTemplate(set, { major })).stdout);
    const others: string[] = [];
    for (const path of blocks.filter((block) => !given.includes(block) && !block.startsWith('capture.'))) {
      const { exitCode, stdout, stderr } = await helmTemplate(withNull(path), { major });
      expect(stderr, path).not.toMatch(/nil pointer|wrong type|invalid value|can't evaluate/);
      expect(exitCode, `${path}: ${stderr}`).toBe(0);
      if (JSON.stringify(parseObjects(stdout)) !== JSON.stringify(whole)) others.push(path);
    }
    // A part of a Kubernetes object that is taken away is not there.
    expect(others.filter((path) => !takenAway(path))).toEqual([]);
  }, 240_000);

  test('says in words what it cannot do without', async () => {
    for (const path of given.filter((block) => block.startsWith('certs.') && block !== 'certs.mode')) {
      const { exitCode, stderr } = await helmTemplate(withNull(path), { major });
      expect(exitCode, path).not.toBe(0);
      expect(stderr).toContain(`certs.mode is baked, and ${path} is empty`);
    }
  });
});
