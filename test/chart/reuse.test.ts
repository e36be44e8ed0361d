import { describe, expect, test } from 'vitest';
import { defaultValues } from '../../src/chart/index.ts';
import { isGroup, valuesTree, type Fields } from '../../src/chart/values/index.ts';
import { helmTemplate, parseObjects } from '../support/chart/helm.ts';
import { bakedCerts } from '../support/chart/valueSets.ts';

const certs = await bakedCerts();
const set = { certs, targets: [{ namespace: 'shop', deployments: ['web'] }], networkPolicy: { enabled: true } };

/** Every block of the first two levels: `helm upgrade --reuse-values` from an older chart may lack it. */
const blocks: readonly string[] = Object.entries<Fields[string]>(valuesTree).flatMap(([key, node]) =>
  isGroup(node) ? [key, ...Object.keys(node.fields).map((below) => `${key}.${below}`)] : [key],
);

/** Fields of Kubernetes objects, where null and absent both remove the default. */
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
/** The values that the set itself gives. */
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

test('there are enough blocks to remove', () => {
  expect(blocks.length).toBeGreaterThan(120);
  expect(defaultValues()).toHaveProperty('hooks.enabled');
});

describe.each([3, 4] as const)('helm %i', (major) => {
  test('renders the default for a block that old values lack', async () => {
    const whole = parseObjects((await helmTemplate(set, { major })).stdout);
    const others: string[] = [];
    for (const path of blocks.filter((block) => !given.includes(block) && !block.startsWith('capture.'))) {
      const { exitCode, stdout, stderr } = await helmTemplate(withNull(path), { major });
      expect(stderr, path).not.toMatch(/nil pointer|wrong type|invalid value|can't evaluate/);
      expect(exitCode, `${path}: ${stderr}`).toBe(0);
      if (JSON.stringify(parseObjects(stdout)) !== JSON.stringify(whole)) others.push(path);
    }
    // A removed field of a Kubernetes object is absent.
    expect(others.filter((path) => !takenAway(path))).toEqual([]);
  }, 240_000);

  test('reports a missing block that has no default', async () => {
    for (const path of given.filter((block) => block.startsWith('certs.') && block !== 'certs.mode')) {
      const { exitCode, stderr } = await helmTemplate(withNull(path), { major });
      expect(exitCode, path).not.toBe(0);
      expect(stderr).toContain(`certs.mode is baked, and ${path} is empty`);
    }
  });
});
