import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { injectorImage } from '../../scripts/images/names.ts';
import type { InstallResult } from '../../src/release/index.ts';
import { agentImage, kube } from '../support/cluster/clusterFixture.ts';
import {
  certificatesOf,
  helm,
  installer,
  loadReleaseImages,
  runningContainers,
  siteState,
  siteYaml,
  targetFlags,
  type HelmMajor,
} from '../support/cluster/helmFixture.ts';
import { badImage, json, podNames, releaseUnderTest, shown, type Refusal } from '../support/cluster/installFixture.ts';

const { release, namespace, site, at, flags } = releaseUnderTest('installer');
const wholeSite = targetFlags([site]);

let siteBefore: unknown;

beforeAll(async () => {
  await loadReleaseImages();
  await kube(['apply', '-f', '-'], siteYaml(site));
  siteBefore = await siteState(site);
});

afterAll(async () => {
  // Of a test that failed half way.
  await kube([
    'delete',
    'mutatingwebhookconfigurations',
    '-l',
    `app.kubernetes.io/instance=${release}`,
    '--ignore-not-found',
  ]);
  await kube(['delete', 'namespace', namespace, site, '--ignore-not-found', '--wait=false']);
});

test('a dry run prints the objects without the private key, and creates none', async () => {
  const { exitCode, stdout, stderr } = await installer(4, ['install', ...flags, ...wholeSite, '--dry-run']);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toContain(`+++ mutatingwebhookconfiguration/${release}.${namespace}\n`);
  expect(stdout).toMatch(/^\+ {2}tls\.key: \(\d+ bytes, sha256 [0-9a-f]{16}\)$/m);
  expect(stdout).not.toContain('PRIVATE KEY');
  expect(stderr).toMatch(/^dry run: \d\d created, 0 changed, 0 deleted/m);
  expect(await kube(['get', 'namespaces', '-o', 'name'])).not.toContain(`namespace/${namespace}\n`);
});

let certificates: unknown;

test('after install everything runs, injection is tested, and the target has the sidecar', async () => {
  const { result } = await json<InstallResult>(4, 0, ['install', ...flags, ...wholeSite]);
  expect(result).toMatchObject({
    result: 'installed',
    release,
    namespace,
    revision: 1,
    injectionProven: true,
    findings: [],
    images: { injector: injectorImage, sidecars: [agentImage] },
    certificates: { mode: 'baked', action: 'new' },
    targets: [{ namespace: site, optedIn: true, workloads: [{ kind: 'Deployment', name: 'web', optedIn: true }] }],
    next: [],
  });
  expect(result.webhooks.map(({ configuration }) => configuration)).toEqual(
    Array.from({ length: 3 }, () => `${release}.${namespace}`),
  );
  expect(await runningContainers(site)).toEqual(['packet-capture', 'app']);
  certificates = await certificatesOf(release, namespace);
});

test.each<HelmMajor>([4, 3])(
  'install again: not a byte of the certificates changes and no pod restarts (helm %i)',
  async (major) => {
    const pods = await podNames(namespace);
    const { result } = await json<InstallResult>(major, 0, ['install', ...flags, ...wholeSite]);
    expect(result).toMatchObject({ result: 'upgraded', certificates: { action: 'keep' } });
    expect(await certificatesOf(release, namespace)).toEqual(certificates);
    expect(await podNames(namespace)).toBe(pods);
  },
);

test('a dry run of an upgrade prints a diff and changes nothing', async () => {
  const history = await helm(4, ['history', release, '-n', namespace]);
  const { stdout, stderr } = await installer(4, ['upgrade', ...at, '--set', 'capture.filter=tcp port 80', '--dry-run']);
  expect(stdout).toMatch(/^-\s+.*\n\+\s+.*tcp port 80|^\+\s+.*tcp port 80/m);
  expect(stderr).toContain('dry run: 0 created, 1 changed, 0 deleted');
  expect(await helm(4, ['history', release, '-n', namespace])).toBe(history);
});

test('an upgrade that fails ends with the previous revision', async () => {
  const pods = await podNames(namespace);
  const { result, stderr } = await json<{ readonly error: Record<string, string> }>(4, 1, [
    'upgrade',
    ...at,
    '--yes',
    ...badImage,
  ]);
  expect(result.error['hint']).toBe('Rolled back: revision 3 runs again.');
  expect(stderr).toContain('ErrImageNeverPull');
  // The pod of the failed revision is deleted a little later.
  await expect.poll(async () => podNames(namespace)).toBe(pods);
  expect(await certificatesOf(release, namespace)).toEqual(certificates);
  expect(await runningContainers(site)).toEqual(['packet-capture', 'app']);
});

test('upgrade keeps the values of the release, and install does not', async () => {
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

test('a release with an operation of helm in progress is left unchanged', async () => {
  const name =
    (
      await kube([
        'get',
        'secrets',
        '-n',
        namespace,
        '-l',
        `owner=helm,name=${release}`,
        '-o',
        'name',
        '--sort-by=.metadata.creationTimestamp',
      ])
    )
      .trim()
      .split('\n')
      .at(-1) ?? '';
  const status = async (value: string): Promise<string> =>
    kube(['label', '-n', namespace, name, `status=${value}`, '--overwrite']);
  const stored = JSON.parse(await kube(['get', '-n', namespace, name, '-o', 'json'])) as {
    readonly metadata: object;
    readonly data: { readonly release: string };
  };
  // By standard input: a release is larger than an argument may be.
  const replace = async (data: object): Promise<string> =>
    kube(
      ['replace', '-f', '-'],
      JSON.stringify({ ...stored, metadata: { ...stored.metadata, resourceVersion: undefined }, data }),
    );
  await replace({ release: pendingRelease(stored.data.release) });
  await status('pending-upgrade');
  const { result } = await json<Refusal>(4, 1, ['install', ...flags]);
  expect(shown(result)).toEqual([`release_pending: release ${release} in namespace ${namespace}`]);
  await replace(stored.data);
  await status('deployed');
});
