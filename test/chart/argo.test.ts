import { beforeAll, describe, expect, test } from 'vitest';
import { rotateOnce, valuesOfMaterial, type CertificateMaterial } from '../../src/certificates/index.ts';
import { argoObjects, argoTasks, argoTemplate, type ArgoPhase, type ArgoVersion } from '../support/chart/argo.ts';
import { bakedCerts, site, valueSets } from '../support/chart/valueSets.ts';

const certs = await bakedCerts();
const sets = valueSets(certs, await bakedCerts('capture', 'chart-other'));
const targets = { certs, targets: [{ namespace: 'chart-shop', deployments: ['web'] }] };
const fixed = {
  'baked certificates and targets': targets,
  'an existing Secret': sets['an existing Secret'],
  'the policy': { injection: { way: 'policy' } },
} as const;

const tenTimes = async (values: unknown): Promise<readonly string[]> =>
  Promise.all(Array.from({ length: 10 }, async () => argoTemplate(values)));

/** The objects that are not the same, bytes compared. */
function changed(before: string, after: string): string[] {
  const [old, young] = [argoObjects(before), argoObjects(after)];
  const ids = new Set([...old.keys(), ...young.keys()]);
  return [...ids].filter((id) => old.get(id) !== young.get(id)).toSorted();
}

describe('Argo CD sees no difference', () => {
  test.each(Object.entries(fixed))('in ten renders: %s', async (_, values) => {
    const renders = await tenTimes(values);
    expect(new Set(renders).size).toBe(1);
    expect(argoObjects(renders[0] ?? '').size).toBeGreaterThan(3);
  });

  test('between helm 3, which its older versions have, and helm 4', async () => {
    for (const values of Object.values(fixed))
      expect(changed(await argoTemplate(values, 3), await argoTemplate(values, 4))).toEqual([]);
  });

  test('in ten renders after an upgrade, which changes just what it should', async () => {
    const before = await argoTemplate(targets);
    const renders = await tenTimes({ ...targets, image: { tag: '9.9.9' }, capture: { filter: 'tcp port 80' } });
    expect(new Set(renders).size).toBe(1);
    const [after = ''] = renders;
    expect(changed(before, after)).toEqual([
      'ConfigMap chart-system/packet-capture-config',
      'Deployment chart-system/packet-capture',
      'Job chart-system/packet-capture-opt-in',
      'Job chart-system/packet-capture-opt-out',
      'Job chart-system/packet-capture-undo',
      'Pod chart-system/packet-capture-test',
    ]);
  });

  test('in a rotation of baked certificates, except in what each step changes', async () => {
    const configuration = `MutatingWebhookConfiguration /packet-capture.${site.namespace}`;
    const secret = `Secret ${site.namespace}/packet-capture-certs`;
    const deployment = `Deployment ${site.namespace}/packet-capture`;
    let material: CertificateMaterial = certs;
    let before = await argoTemplate({ certs });
    const steps: string[][] = [];
    for (const _ of ['trust-both', 'serve-new', 'drop-old']) {
      ({ material } = await rotateOnce(material, { now: new Date() }));
      const after = await argoTemplate({ certs: valuesOfMaterial(material).certs });
      steps.push(changed(before, after));
      before = after;
    }
    expect(steps).toEqual([
      [configuration, secret],
      [deployment, secret],
      [configuration, secret],
    ]);
  });
});

test('Argo CD sees other certificates in each render of the mode generated, which is therefore not for it', async () => {
  const [one, other] = [await argoTemplate({}), await argoTemplate({})];
  expect(changed(one, other)).toEqual([
    'Deployment chart-system/packet-capture',
    'MutatingWebhookConfiguration /packet-capture.chart-system',
    'Secret chart-system/packet-capture-certs',
  ]);
});

describe("the chart's hooks as Argo CD runs them", () => {
  let output = '';
  beforeAll(async () => {
    output = await argoTemplate(targets);
  });
  const hooks = (version: ArgoVersion, phase: ArgoPhase): string[] =>
    argoTasks(output, version)
      .filter((task) => task.phase === phase)
      .map(({ id }) => id);
  const around = ['NetworkPolicy packet-capture-hook', 'ServiceAccount packet-capture-hook'];
  const optOut = 'Job packet-capture-opt-out';
  const optIn = 'Job packet-capture-opt-in';
  const undo = 'Job packet-capture-undo';

  test.each([
    ['before 3.3', { PreSync: [...around, optOut], PostSync: [...around, optIn], PreDelete: [] }],
    // Their Jobs have no ServiceAccount: docs/gitops.md says what to do.
    ['3.3.0 to 3.3.4', { PreSync: [optOut], PostSync: [optIn], PreDelete: [...around, undo] }],
    ['3.3.5 and later', { PreSync: [...around, optOut], PostSync: [...around, optIn], PreDelete: [...around, undo] }],
  ] as const)('%s', (version, expected) => {
    for (const phase of ['PreSync', 'PostSync', 'PreDelete'] as const)
      expect(hooks(version, phase), phase).toEqual(expected[phase]);
    // The test of `helm test` is never run, and no hook is applied as a usual object.
    expect(hooks(version, 'Sync').filter((id) => /^(?:Job|Pod) /.test(id))).toEqual([]);
  });

  test('with hooks.enabled: false there is none, in any version', async () => {
    const without = await argoTemplate({ ...targets, hooks: { enabled: false } });
    for (const version of ['before 3.3', '3.3.0 to 3.3.4', '3.3.5 and later'] as const)
      expect(new Set(argoTasks(without, version).map(({ phase }) => phase))).toEqual(new Set(['Sync']));
  });

  test('objects are applied in the order of their kinds: the configuration of the webhook last', () => {
    const sync = hooks('3.3.5 and later', 'Sync');
    expect(sync[0]).toBe('NetworkPolicy packet-capture');
    expect(sync.at(-1)).toBe(`MutatingWebhookConfiguration packet-capture.${site.namespace}`);
    expect(sync.indexOf('Secret packet-capture-certs')).toBeLessThan(sync.indexOf('Deployment packet-capture'));
  });
});
