import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { issueMaterial, servingNames } from '../../src/certificates/index.ts';
import type { Finding, InstallResult } from '../../src/install/index.ts';
import { certificatesOf, helm, installer, leftovers, loadReleaseImages, runningContainers, siteState, siteYaml, targetFlags, type HelmMajor } from './helmWorkbench.ts';
import { json, podNames, releaseUnderTest } from './installBench.ts';
import { kube, namespaceYaml } from './workbench.ts';

const { release, namespace, site, at, flags } = releaseUnderTest('installer');
const locked = 'installer-locked';
const allowed = 'installer-allowed';
const badImage = ['--set', 'image.tag=nonesuch', '--set', 'image.pullPolicy=Never', '--timeout', '8s'];
const wholeSite = targetFlags([site]);

let folder = '';
let siteBefore: unknown;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-test-'));
  await loadReleaseImages();
  await kube(['apply', '-f', '-'], [siteYaml(site), namespaceYaml(locked, 'restricted'), namespaceYaml(allowed)].join('\n---\n'));
  siteBefore = await siteState(site);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  // Of a test that failed half way.
  await kube(['delete', 'mutatingwebhookconfigurations', '-l', `app.kubernetes.io/instance=${release}`, '--ignore-not-found']);
  await kube(['delete', 'namespace', namespace, site, locked, allowed, '--ignore-not-found', '--wait=false']);
});

async function namespaces(): Promise<string> {
  return kube(['get', 'namespaces', '-o', 'name']);
}

interface Refusal {
  readonly result: string;
  readonly findings: readonly Finding[];
}

const shown = ({ findings }: Refusal): string[] => findings.map(({ code, where }) => `${code}: ${where}`);

test('targets that cannot be captured stop it before anything is made', async () => {
  const targets = [...targetFlags([locked, 'installer-absent']), '--set', `targets[2].namespace=${site},targets[2].deployments[0]=nobody`];
  const { result, stderr } = await json<Refusal>(4, 1, ['install', ...flags, ...targets]);
  expect(result.result).toBe('refused');
  expect(shown(result)).toEqual([
    `target_restricted: target namespace ${locked}`,
    `target_missing: deployment/web in ${locked}`,
    'target_namespace_missing: target namespace installer-absent',
    `target_missing: deployment/nobody in ${site}`,
  ]);
  expect(stderr).toContain('error PREFLIGHT_FAILED: 4 errors stand in the way');
  expect(await namespaces()).not.toContain(`namespace/${namespace}\n`);
});

test.each<HelmMajor>([4, 3])('values that the schema refuses, and a Secret that is not there (helm %i)', async (major) => {
  const wrong = await json<Refusal>(major, 1, ['install', ...flags, '--set', 'replica=3']);
  expect(shown(wrong.result)).toEqual(['values_rejected: the values']);
  expect(wrong.result.findings[0]?.what).toContain('replica');
  const { caBundle } = await issueMaterial({ dnsNames: servingNames(release, namespace), now: new Date() });
  const values = JSON.stringify({ certs: { mode: 'existingSecret', existingSecret: 'mine', caBundle } });
  const absent = await json<Refusal>(major, 1, ['install', ...flags, '--values', '-'], values);
  expect(shown(absent.result)).toEqual([`secret_missing: secret/mine in ${namespace}`]);
});

test('rights that are missing are named, each with its resource', async () => {
  const kubeconfig = await kubeconfigFor(allowed);
  const { result } = await json<Refusal>(4, 1, ['install', '--namespace', allowed, '--yes', '--kubeconfig', kubeconfig, ...wholeSite]);
  const missing = result.findings.filter(({ code }) => code === 'rights_missing').map(({ where, what }) => `${where}: ${what}`);
  expect(missing).toContain('the cluster: you may not create, get, patch, delete mutatingwebhookconfigurations.admissionregistration.k8s.io');
  expect(missing.some((line) => line.startsWith(`namespace ${site}: you may not create`) && line.includes(' roles.rbac'))).toBe(true);
  expect(missing.filter((line) => line.startsWith(`namespace ${allowed}:`))).toEqual([]);
  expect(await kube(['get', 'secrets,deployments', '-n', allowed, '-o', 'name'])).toBe('');
});

/** A kubeconfig for somebody who is admin of one namespace and nobody elsewhere. */
async function kubeconfigFor(own: string): Promise<string> {
  await kube(['create', 'serviceaccount', 'installer', '-n', own]);
  await kube(['create', 'rolebinding', 'installer', '-n', own, '--clusterrole=admin', `--serviceaccount=${own}:installer`]);
  const token = (await kube(['create', 'token', 'installer', '-n', own])).trim();
  const config = JSON.parse(await kube(['config', 'view', '--raw', '--minify', '-o', 'json'])) as { readonly contexts: readonly [{ readonly name: string; readonly context: object }] };
  const [{ name, context }] = config.contexts;
  const file = join(folder, 'kubeconfig');
  await writeFile(file, JSON.stringify({ ...config, contexts: [{ name, context: { ...context, user: 'installer' } }], users: [{ name: 'installer', user: { token } }] }), { mode: 0o600 });
  return file;
}

test('nobody to ask and no --yes: nothing happens', async () => {
  const { exitCode, stderr } = await installer(4, ['install', ...at]);
  expect([exitCode, stderr.split('\n')[0]]).toEqual([2, 'error USAGE: there is no terminal to ask at']);
});

test.each<HelmMajor>([4, 3])('a first install that fails says why and leaves nothing (helm %i)', async (major) => {
  const { result, stderr } = await json<{ readonly error: Record<string, string> }>(major, 1, ['install', ...flags, ...badImage]);
  expect(result.error['code']).toBe('INSTALL_FAILED');
  expect(result.error['hint']).toBe('Nothing of it is left.');
  expect(stderr).toMatch(/last warnings:\n(?: .*\n)*? {2}pod\/installer-packet-capture-.*: ErrImageNeverPull/);
  await kube(['wait', '--for=delete', `namespace/${namespace}`, '--timeout=60s']);
  expect(await leftovers(release, namespace, [site])).toEqual([]);
});

test('a dry run shows the objects without the key, and makes none', async () => {
  const { exitCode, stdout, stderr } = await installer(4, ['install', ...flags, ...wholeSite, '--dry-run']);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toContain(`+++ mutatingwebhookconfiguration/${release}.${namespace}\n`);
  expect(stdout).toMatch(/^\+ {2}tls\.key: \(\d+ bytes, sha256 [0-9a-f]{16}\)$/m);
  expect(stdout).not.toContain('PRIVATE KEY');
  expect(stderr).toMatch(/^rehearsal: \d\d created, 0 changed, 0 deleted/m);
  expect(await namespaces()).not.toContain(`namespace/${namespace}\n`);
});

let certificates: unknown;

test('install: everything runs, injection is proven, the target carries the sidecar', async () => {
  const { result } = await json<InstallResult>(4, 0, ['install', ...flags, ...wholeSite]);
  expect(result).toMatchObject({
    result: 'installed', release, namespace, revision: 1, injectionProven: true, findings: [],
    images: { injector: 'packet-capture/injector:0.1.0', sidecars: ['packet-capture/agent:0.1.0'] },
    certificates: { mode: 'baked', action: 'new' },
    targets: [{ namespace: site, optedIn: true, workloads: [{ kind: 'Deployment', name: 'web', optedIn: true }] }],
    next: [],
  });
  expect(result.webhooks.map(({ configuration }) => configuration)).toEqual(Array.from({ length: 3 }, () => `${release}.${namespace}`));
  expect(await runningContainers(site)).toEqual(['packet-capture', 'app']);
  certificates = await certificatesOf(release, namespace);
});

test.each<HelmMajor>([4, 3])('install again: not a byte of the certificates changes and no pod restarts (helm %i)', async (major) => {
  const pods = await podNames(namespace);
  const { result } = await json<InstallResult>(major, 0, ['install', ...flags, ...wholeSite]);
  expect(result).toMatchObject({ result: 'upgraded', certificates: { action: 'keep' } });
  expect(await certificatesOf(release, namespace)).toEqual(certificates);
  expect(await podNames(namespace)).toBe(pods);
});

test('a dry run of an upgrade is a diff, and nothing changes', async () => {
  const history = await helm(4, ['history', release, '-n', namespace]);
  const { stdout, stderr } = await installer(4, ['upgrade', ...at, '--set', 'capture.filter=tcp port 80', '--dry-run']);
  expect(stdout).toMatch(/^-\s+.*\n\+\s+.*tcp port 80|^\+\s+.*tcp port 80/m);
  expect(stderr).toContain('rehearsal: 0 created, 1 changed, 0 deleted');
  expect(await helm(4, ['history', release, '-n', namespace])).toBe(history);
});

test('an upgrade that fails ends with the revision before', async () => {
  const pods = await podNames(namespace);
  const { result, stderr } = await json<{ readonly error: Record<string, string> }>(4, 1, ['upgrade', ...at, '--yes', ...badImage]);
  expect(result.error['hint']).toBe('Rolled back: what revision 3 was runs again.');
  expect(stderr).toContain('ErrImageNeverPull');
  expect(await podNames(namespace)).toBe(pods);
  expect(await certificatesOf(release, namespace)).toEqual(certificates);
  expect(await runningContainers(site)).toEqual(['packet-capture', 'app']);
});

test('upgrade keeps what the release was given; install does not', async () => {
  const kept = await json<InstallResult>(4, 0, ['upgrade', ...at, '--yes', '--set', 'capture.filter=udp']);
  expect(kept.result.targets).toHaveLength(1);
  const reset = await json<InstallResult>(4, 0, ['install', ...flags]);
  expect(reset.result.targets).toEqual([]);
  expect(await runningContainers(site)).toEqual(['app']);
  expect(await siteState(site)).toEqual(siteBefore);
});

/** What helm stores, with another status: JSON, gzip, and base64 twice. */
function pendingRelease(data: string): string {
  const text = gunzipSync(Buffer.from(Buffer.from(data, 'base64').toString(), 'base64')).toString();
  const value = JSON.parse(text) as { info: { status: string } };
  value.info.status = 'pending-upgrade';
  return Buffer.from(gzipSync(JSON.stringify(value)).toString('base64')).toString('base64');
}

test('a release that helm believes to be in other hands is left alone', async () => {
  const name = (await kube(['get', 'secrets', '-n', namespace, '-l', `owner=helm,name=${release}`, '-o', 'name', '--sort-by=.metadata.creationTimestamp'])).trim().split('\n').at(-1) ?? '';
  const status = async (value: string): Promise<string> => kube(['label', '-n', namespace, name, `status=${value}`, '--overwrite']);
  const stored = JSON.parse(await kube(['get', '-n', namespace, name, '-o', 'json'])) as { readonly data: { readonly release: string } };
  await kube(['patch', '-n', namespace, name, '--type=merge', '--patch', JSON.stringify({ data: { release: pendingRelease(stored.data.release) } })]);
  await status('pending-upgrade');
  const { result } = await json<Refusal>(4, 1, ['install', ...flags]);
  expect(shown(result)).toEqual([`release_pending: release ${release} in namespace ${namespace}`]);
  await kube(['patch', '-n', namespace, name, '--type=merge', '--patch', JSON.stringify({ data: stored.data })]);
  await status('deployed');
});
