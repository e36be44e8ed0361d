import { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { fullnameOf } from '../../src/chart/index.ts';
import { addCheck } from '../../src/cli/injector/check.ts';
import { addOptIn } from '../../src/cli/injector/optIn.ts';
import { addOptOut } from '../../src/cli/injector/optOut.ts';
import { addServe } from '../../src/cli/injector/serve.ts';
import { parseTargets } from '../../src/release/hooks/index.ts';
import { readSidecarConfig } from '../../src/sidecar/index.ts';
import { yamlValue } from '../../src/ways/manifest/yamlValue.ts';
import {
  idOf,
  ofKind,
  parseObjects,
  podTemplates,
  render,
  helmTemplate,
  type HelmMajor,
  type KubernetesObject,
} from '../support/chart/helm.ts';
import { bakedCerts, site, valueSets } from '../support/chart/valueSets.ts';

const sets = valueSets(await bakedCerts(), await bakedCerts('capture', 'chart-other'));
const names = Object.keys(sets);
const rendered = new Map<string, readonly KubernetesObject[]>();
const objectsOf = (name: string): readonly KubernetesObject[] => rendered.get(name) ?? [];
const settingsOf = (name: string) => sets[name] ?? {};

/** Besides helm 4 for Kubernetes 1.37, which every test uses. */
const otherHelms: ReadonlyArray<readonly [HelmMajor, string]> = [
  [4, '1.30.0'],
  [3, '1.30.0'],
  [3, 'v1.37.1-vendor.1'],
];

beforeAll(async () => {
  for (const name of names) rendered.set(name, await render(settingsOf(name)));
});

/** Replaces generated texts, which differ each time, by a placeholder. */
function masked(objects: readonly KubernetesObject[]): unknown {
  const secret = objects.find(({ kind }) => kind === 'Secret');
  const caBundle = secret?.['data']['ca.crt'] as string | undefined;
  const text = JSON.stringify(objects, (key, value: unknown) => {
    if (key === 'checksum/certificates' || ['ca.crt', 'tls.crt', 'tls.key'].includes(key)) return `<${key}>`;
    return value === caBundle && caBundle !== undefined ? '<caBundle>' : value;
  });
  return JSON.parse(text);
}

test('the matrix has enough combinations', () => expect(names.length).toBeGreaterThanOrEqual(12));

describe.each(names)('%s', (name) => {
  test('helm 3 and 4 render the same objects for Kubernetes 1.30 and 1.37', async () => {
    const expected = masked(objectsOf(name));
    for (const [major, kubeVersion] of otherHelms) {
      expect(masked(await render(settingsOf(name), { major, kubeVersion })), `helm ${major}, ${kubeVersion}`).toEqual(
        expected,
      );
    }
  });

  test('every object has its own name and the recommended labels', () => {
    const objects = objectsOf(name).filter(({ metadata }) => !/-(extra|text)$/.test(metadata.name));
    const ids = objects.map((object) => `${object.apiVersion} ${idOf(object)}`);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { kind, metadata } of objects) {
      expect(metadata.labels, metadata.name).toMatchObject({
        'app.kubernetes.io/instance': site.release,
        'app.kubernetes.io/managed-by': 'Helm',
        'app.kubernetes.io/component': expect.stringMatching(/^(injector|hook|test|monitoring)$/),
        'helm.sh/chart': 'packet-capture-0.1.0',
      });
      expect(metadata.namespace === undefined, metadata.name).toBe(kind === 'MutatingWebhookConfiguration');
    }
  });

  test('Pod Security restricted admits every pod, except for hostNetwork', () => {
    for (const { id, spec } of podTemplates(objectsOf(name))) {
      expect(spec['securityContext'], id).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(spec['enableServiceLinks'], id).toBe(id.startsWith('Pod'));
      expect(spec['automountServiceAccountToken'], id).toBe(id.startsWith('Job'));
      for (const container of spec['containers']) {
        expect(container.securityContext, id).toMatchObject({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        });
      }
    }
  });

  test('the selectors are the three labels that never change, and the pods have them', () => {
    const deployment = ofKind(objectsOf(name), 'Deployment');
    const { nameOverride: app = 'packet-capture' } = settingsOf(name);
    const selector = {
      'app.kubernetes.io/name': app,
      'app.kubernetes.io/instance': site.release,
      'app.kubernetes.io/component': 'injector',
    };
    expect(deployment['spec'].selector).toEqual({ matchLabels: selector });
    expect(deployment['spec'].template.metadata.labels).toMatchObject(selector);
    expect(ofKind(objectsOf(name), 'Service')['spec'].selector).toEqual(selector);
    for (const kind of ['PodDisruptionBudget', 'NetworkPolicy', 'ServiceMonitor', 'PodMonitor']) {
      for (const { spec } of objectsOf(name).filter(
        (object) => object.kind === kind && !/-(captures|hook|test)$/.test(object.metadata.name),
      )) {
        expect((spec.selector ?? spec.podSelector).matchLabels, kind).toEqual(selector);
      }
    }
    for (const { id, metadata } of podTemplates(objectsOf(name)).filter(({ id: of }) => !of.startsWith('Deployment'))) {
      expect(metadata.labels?.['app.kubernetes.io/component'], id).toMatch(/^(hook|test)$/);
    }
  });

  test('sidecarconfig.yaml is YAML in block style, and the injector reads the values in it', () => {
    const configMap = objectsOf(name).find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-config'),
    );
    const text: string = configMap?.['data']['sidecarconfig.yaml'];
    expect(text).toMatch(/^(agent|containers|initContainers):\n/);
    const config = readSidecarConfig(yamlValue(text, 'sidecarconfig.yaml'), 'sidecarconfig.yaml');
    const { capture, sidecar } = settingsOf(name);
    const settings = Object.fromEntries(Object.entries(capture ?? {}).map(([key, value]) => [key, String(value)]));
    const own = { form: 'custom', containers: [], initContainers: [], volumes: [], ...sidecar };
    expect(config).toMatchObject(sidecar === undefined ? { form: 'agent', settings } : own);
  });

  test('the injector accepts every argument', async () => {
    const programs = podTemplates(objectsOf(name)).flatMap(({ spec }) =>
      spec['containers'].map(({ args }: { args: string[] }) => args),
    );
    for (const args of programs as string[][]) await accepted(args);
    expect(programs.length).toBeGreaterThan(0);
  });

  test('private keys are only in the Secret', () => {
    const { certs = {} } = settingsOf(name);
    const secret = objectsOf(name).find(({ kind }) => kind === 'Secret');
    const generated = secret === undefined ? [] : [String(secret['data']['tls.key'])];
    const keys = [certs.key ?? '', certs.next?.key ?? ''].filter((key) => key !== '');
    const needles = [
      ...generated,
      ...[...keys, ...generated.map((text) => Buffer.from(text, 'base64').toString())].flatMap(parts),
    ];
    expect(needles.length > 0).toBe(!['existingSecret', 'certManager'].includes(certs.mode ?? 'generated'));
    const others = JSON.stringify(objectsOf(name).filter(({ kind }) => kind !== 'Secret'));
    expect(others).not.toContain('PRIVATE KEY');
    for (const needle of needles) expect(others.includes(needle)).toBe(false);
  });

  test('hooks delete their objects', () => {
    const hooks = objectsOf(name).filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== undefined);
    expect(hooks.length).toBeGreaterThan(0);
    for (const hook of hooks) {
      expect(hook.metadata.annotations?.['helm.sh/hook-delete-policy'], idOf(hook)).toMatch(
        /^before-hook-creation,hook-succeeded/,
      );
      if (hook.kind !== 'Job') continue;
      expect(hook['spec']).not.toHaveProperty('ttlSecondsAfterFinished');
      expect(hook['spec'].activeDeadlineSeconds).toBeLessThanOrEqual(180);
      expect(hook.metadata.name.length).toBeLessThanOrEqual(63);
    }
  });
});

/** A line of a private key in a PEM text, and in the base64 of that text. */
function parts(pem: string): string[] {
  return [pem.split('\n')[5] ?? '', Buffer.from(pem).toString('base64').slice(200, 260)];
}

/** Parses the arguments like the injector, without running it. */
async function accepted(args: readonly string[]): Promise<void> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const add of [addServe, addCheck, addOptIn, addOptOut]) add(program);
  for (const command of program.commands)
    command
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .action(() => {});
  await program.parseAsync([...args], { from: 'user' });
  const targets = args[args.findIndex((arg) => ['--targets', '--except'].includes(arg)) + 1] ?? '';
  // Throws for an invalid configuration.
  if (targets.startsWith('[')) parseTargets(targets, 'targets');
}

test.each([3, 4] as const)('helm %i renders the same bytes twice, except for generated certificates', async (major) => {
  const [one, other] = [await helmTemplate(sets['baked'], { major }), await helmTemplate(sets['baked'], { major })];
  expect(one.stdout).toBe(other.stdout);
  expect(parseObjects(one.stdout).length).toBeGreaterThan(8);
});

test.each([
  ['packet-capture', 'packet-capture'],
  ['tools', 'tools-packet-capture'],
  ['my-packet-capture-2', 'my-packet-capture-2'],
  ['r'.repeat(53), `${'r'.repeat(53)}-packet-ca`],
])('the objects of release %s are named %s, like fullnameOf', async (release, name) => {
  const objects = await render({}, { site: { release, namespace: 'chart-system' } });
  expect(ofKind(objects, 'Service').metadata.name).toBe(name);
  expect(fullnameOf(release)).toBe(name);
  expect(ofKind(objects, 'MutatingWebhookConfiguration').metadata.name).toBe(`${name}.chart-system`);
});
