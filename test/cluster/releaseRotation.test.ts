import { afterAll, beforeAll, expect, test } from 'vitest';
import { kube } from '../support/cluster/clusterFixture.ts';
import {
  certificatesOf,
  helm,
  installed,
  labelFlags,
  leftovers,
  loadReleaseImages,
} from '../support/cluster/helmFixture.ts';
import { everyPod, verdict, whilePodsAreCreated } from '../support/cluster/podCreation.ts';

const release = 'packet-capture';
const namespace = 'rotation';
const site = 'rotation-site';
const flags = ['--release', release, '--namespace', namespace, '--yes'];

beforeAll(async () => {
  await loadReleaseImages();
  const metadata = { name: site, labels: { 'rotation/injection': 'enabled' } };
  await kube(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata }));
  await installed(4, ['install', ...flags, ...labelFlags('rotation')]);
});

afterAll(async () => {
  await kube(['delete', 'namespace', namespace, site, '--ignore-not-found', '--wait=false']);
});

test('a rolling restart of the injector misses no pod', async () => {
  const injectors = ['-n', namespace, '-l', 'app.kubernetes.io/component=injector'];
  const old = (await kube(['get', 'pods', ...injectors, '-o', 'name'])).split('\n').filter((name) => name !== '');
  const result = await whilePodsAreCreated(site, async () => {
    await kube(['rollout', 'restart', '-n', namespace, `deploy/${release}`]);
    await kube(['rollout', 'status', '-n', namespace, `deploy/${release}`, '--timeout=240s']);
    // Until the last of them has drained.
    await kube(['wait', '-n', namespace, ...old, '--for=delete', '--timeout=240s']);
  });
  expect(verdict(result)).toEqual(everyPod);
});

test('a rotation of CA and certificate misses no pod', async () => {
  const before = await certificatesOf(release, namespace);
  const result = await whilePodsAreCreated(site, async () => {
    await installed(4, ['upgrade', ...flags, '--rotate-certs']);
  });
  expect(verdict(result)).toEqual(everyPod);
  const after = await certificatesOf(release, namespace);
  expect(after.certificate).not.toBe(before.certificate);
  const [old, now] = [before, after].map(({ caBundles }) => caBundles.split(' '));
  expect(now).toHaveLength(3);
  for (const bundle of now ?? []) expect(old).not.toContain(bundle);
});

test("the private keys are only in the Secret and in helm's record", async () => {
  const objects = await helm(4, ['get', 'manifest', release, '-n', namespace]);
  const withKey = objects
    .split('\n---\n')
    .filter((text) => text.includes('tls.key') && !text.includes('path: tls.key'));
  expect(withKey.map((text) => /^kind: (\S+)/m.exec(text)?.[1])).toEqual(['Secret']);
  // kubectl before 1.32 knows no --all-pods.
  const injectors = ['-l', 'app.kubernetes.io/component=injector', '--tail=-1', '--prefix'];
  const logs = await kube(['logs', '-n', namespace, ...injectors]);
  expect(new Set([...logs.matchAll(/^\[(pod\/[^/]+)/gm)].map(([, pod]) => pod)).size, logs).toBeGreaterThan(1);
  expect(logs).not.toContain('PRIVATE KEY');
});

test('uninstall leaves nothing', async () => {
  await installed(4, ['uninstall', ...flags]);
  expect(await leftovers(release, namespace, [site])).toEqual([]);
});
