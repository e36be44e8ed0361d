import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { issueMaterial, servingNames } from '../../src/certificates/index.ts';
import { hasRight, kube, namespaceYaml } from '../support/cluster/clusterFixture.ts';
import {
  installer,
  leftovers,
  loadReleaseImages,
  siteYaml,
  targetFlags,
  type HelmMajor,
} from '../support/cluster/helmFixture.ts';
import { badImage, json, releaseUnderTest, shown, type Refusal } from '../support/cluster/installFixture.ts';

const { release, namespace, site, at, flags } = releaseUnderTest('refused');
const locked = 'refused-locked';
const allowed = 'refused-allowed';
const wholeSite = targetFlags([site]);

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-test-'));
  await loadReleaseImages();
  await kube(
    ['apply', '-f', '-'],
    [siteYaml(site), namespaceYaml(locked, 'restricted'), namespaceYaml(allowed)].join('---\n'),
  );
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  // Of a test that failed half way.
  await kube([
    'delete',
    'mutatingwebhookconfigurations',
    '-l',
    `app.kubernetes.io/instance=${release}`,
    '--ignore-not-found',
  ]);
  await kube(['delete', 'namespace', namespace, site, locked, allowed, '--ignore-not-found', '--wait=false']);
});

async function namespaces(): Promise<string> {
  return kube(['get', 'namespaces', '-o', 'name']);
}

test('install with targets that cannot be captured stops before it creates anything', async () => {
  const targets = [
    ...targetFlags([locked, 'refused-absent']),
    '--set',
    `targets[2].namespace=${site},targets[2].deployments[0]=nobody`,
  ];
  const { result, stderr } = await json<Refusal>(4, 1, ['install', ...flags, ...targets]);
  expect(result.result).toBe('refused');
  expect(shown(result)).toEqual([
    `target_restricted: target namespace ${locked}`,
    `target_missing: deployment/web in ${locked}`,
    'target_namespace_missing: target namespace refused-absent',
    `target_missing: deployment/nobody in ${site}`,
  ]);
  expect(stderr).toContain('error PREFLIGHT_FAILED: the preflight found 4 errors');
  expect(await namespaces()).not.toContain(`namespace/${namespace}\n`);
});

test.each<HelmMajor>([4, 3])(
  'values that the schema refuses, and a Secret that is not there (helm %i)',
  async (major) => {
    const wrong = await json<Refusal>(major, 1, ['install', ...flags, '--set', 'replica=3']);
    expect(shown(wrong.result)).toEqual(['values_rejected: the values']);
    expect(wrong.result.findings[0]?.what).toContain('replica');
    const { caBundle } = await issueMaterial({ dnsNames: servingNames(release, namespace), now: new Date() });
    const values = JSON.stringify({ certs: { mode: 'existingSecret', existingSecret: 'mine', caBundle } });
    const absent = await json<Refusal>(major, 1, ['install', ...flags, '--values', '-'], values);
    expect(shown(absent.result)).toEqual([`secret_missing: secret/mine in ${namespace}`]);
  },
);

test('install reports each missing right with its resource', async () => {
  const kubeconfig = await kubeconfigFor(allowed);
  const { result } = await json<Refusal>(4, 1, [
    'install',
    '--namespace',
    allowed,
    '--yes',
    '--kubeconfig',
    kubeconfig,
    ...wholeSite,
  ]);
  const missing = result.findings
    .filter(({ code }) => code === 'rights_missing')
    .map(({ where, what }) => `${where}: ${what}`);
  expect(missing).toContain(
    'the cluster: you may not create, get, patch, delete mutatingwebhookconfigurations.admissionregistration.k8s.io',
  );
  expect(
    missing.some((line) => line.startsWith(`namespace ${site}: you may not create`) && line.includes(' roles.rbac')),
  ).toBe(true);
  expect(missing.filter((line) => line.startsWith(`namespace ${allowed}:`))).toEqual([]);
  expect(await kube(['get', 'secrets,deployments', '-n', allowed, '-o', 'name'])).toBe('');
});

/** A kubeconfig for somebody who is admin of one namespace and nobody elsewhere. */
async function kubeconfigFor(own: string): Promise<string> {
  await kube(['create', 'serviceaccount', 'installer', '-n', own]);
  await kube([
    'create',
    'rolebinding',
    'installer',
    '-n',
    own,
    '--clusterrole=admin',
    `--serviceaccount=${own}:installer`,
  ]);
  await hasRight(`system:serviceaccount:${own}:installer`, 'create', 'deployments.apps', own);
  const token = (await kube(['create', 'token', 'installer', '-n', own])).trim();
  const config = JSON.parse(await kube(['config', 'view', '--raw', '--minify', '-o', 'json'])) as {
    readonly contexts: readonly [{ readonly name: string; readonly context: object }];
  };
  const [{ name, context }] = config.contexts;
  const file = join(folder, 'kubeconfig');
  await writeFile(
    file,
    JSON.stringify({
      ...config,
      contexts: [{ name, context: { ...context, user: 'installer' } }],
      users: [{ name: 'installer', user: { token } }],
    }),
    { mode: 0o600 },
  );
  return file;
}

test('install without a terminal and without --yes changes nothing', async () => {
  const { exitCode, stderr } = await installer(4, ['install', ...at]);
  expect([exitCode, stderr.split('\n')[0]]).toEqual([2, 'error USAGE: there is no terminal to ask at']);
});

test.each<HelmMajor>([4, 3])('a first install that fails says why and leaves nothing (helm %i)', async (major) => {
  const { result, stderr } = await json<{ readonly error: Record<string, string> }>(major, 1, [
    'install',
    ...flags,
    ...badImage,
  ]);
  expect(result.error['code']).toBe('INSTALL_FAILED');
  expect(result.error['hint']).toBe('Nothing is left.');
  expect(stderr).toMatch(/last warnings:\n(?: .*\n)*? {2}pod\/refused-packet-capture-.*: ErrImageNeverPull/);
  await kube(['wait', '--for=delete', `namespace/${namespace}`, '--timeout=240s']);
  expect(await leftovers(release, namespace, [site])).toEqual([]);
});
