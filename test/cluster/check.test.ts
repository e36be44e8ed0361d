import { afterAll, beforeAll, expect, test } from 'vitest';
import { issueMaterial, servingNames, valuesOfMaterial } from '../../src/certificates/index.ts';
import type { CheckResult } from '../../src/diagnosis/index.ts';
import { cli, kube } from '../support/cluster/clusterFixture.ts';
import { asking, check, codesOf, installChart, list, site, web } from '../support/cluster/diagnosisFixture.ts';
import { helm, loadReleaseImages, quickEnd } from '../support/cluster/helmFixture.ts';

const own = 'check-system';
const shop = 'check-shop';
const service = 'check-packet-capture';
const configuration = `${service}.${own}`;
const now = new Date();
// No node has it: what the pods are made of is all that counts here.
const nowhere = { nodeSelector: { 'check/nowhere': 'true' } };

let bundle = '';
let foreign = '';

beforeAll(async () => {
  await loadReleaseImages();
  const dnsNames = servingNames(service, own);
  const [material, other] = await Promise.all([
    issueMaterial({ dnsNames, now, days: 10 }),
    issueMaterial({ dnsNames, now }),
  ]);
  bundle = material.caBundle;
  foreign = other.caBundle;
  await kube(['apply', '-f', '-'], list([site(shop, { 'check/injection': 'enabled' })]));
  const values = { ...valuesOfMaterial(material), replicas: 1, injection: { namespaceLabel: 'check/injection' } };
  await installChart('check', own, values, ['--wait', '--timeout', '2m', ...quickEnd]);
});

afterAll(async () => {
  await helm(4, ['uninstall', 'check', '-n', own, '--ignore-not-found']);
  await kube(['delete', 'namespace', own, shop, '--ignore-not-found', '--wait=false']);
});

/** Without what every cluster before Kubernetes 1.36 has: no way 4. */
function codes(result: CheckResult): string[] {
  return codesOf(result).filter((code) => code !== 'policy_missing');
}

async function trust(caBundle: string): Promise<void> {
  const value = Buffer.from(caBundle).toString('base64');
  const patch = [0, 1, 2].map((index) => ({ op: 'replace', path: `/webhooks/${index}/clientConfig/caBundle`, value }));
  await kube([
    'patch',
    'mutatingwebhookconfiguration',
    configuration,
    '--type',
    'json',
    '--patch',
    JSON.stringify(patch),
  ]);
}

test('in a release that works, the only finding is that its certificate is about to expire', async () => {
  const result = await check(shop);
  expect(codes(result)).toEqual(['certificate_expires']);
  expect(result).toMatchObject({
    ok: true,
    missed: [],
    releases: [
      {
        way: 'webhook',
        release: 'check',
        namespace: own,
        object: configuration,
        namespaceLabel: 'check/injection',
        replicas: { ready: 1, desired: 1 },
        certificate: { daysLeft: 9 },
        injects: true,
      },
    ],
  });
  expect(JSON.stringify(result)).not.toContain('PRIVATE KEY');
});

test('with a CA that does not match, check reports the CA and the missed pods, and restarts nothing, because that would not help', async () => {
  await trust(foreign);
  // The API server follows within a second or so.
  await expect
    .poll(async () => codes(await check(shop)), { interval: 500 })
    .toEqual(['ca_mismatch', 'certificate_expires', 'probe_failed']);
  await kube(
    ['apply', '-f', '-'],
    list([web(shop, 'web', { annotations: asking, spec: nowhere }), web(shop, 'other', { spec: nowhere })]),
  );
  await kube([
    'wait',
    '-n',
    shop,
    'deploy/web',
    'deploy/other',
    '--for=jsonpath={.status.unavailableReplicas}=1',
    '--timeout=240s',
  ]);
  const { exitCode, stdout, stderr } = await cli(['check', '-n', shop, '--restart', '--yes']);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/check-shop deployment\/web: web-\S+: missed_at_creation: /);
  expect(stdout).not.toContain('deployment/other');
  expect(stderr).toContain('nothing was restarted');
});

test('without an injector, and with another version of this program', async () => {
  await trust(bundle);
  await kube(['scale', '-n', own, `deploy/${service}`, '--replicas=0']);
  await kube([
    'label',
    'mutatingwebhookconfiguration',
    configuration,
    'app.kubernetes.io/version=0.0.9',
    '--overwrite',
  ]);
  await expect
    .poll(async () => codes(await check(shop)), { interval: 500 })
    .toEqual(['release_version', 'injector_down', 'certificate_expires', 'probe_failed', 'pods_missed']);
});

test('when the injector works again, --restart replaces the missed pods, and then no pod is missed', async () => {
  await kube(['scale', '-n', own, `deploy/${service}`, '--replicas=1']);
  await kube(['rollout', 'status', '-n', own, `deploy/${service}`, '--timeout=240s']);
  await expect.poll(async () => (await check(shop)).releases[0]?.injects, { interval: 500 }).toBe(true);
  // The findings are from before the restart, so they are errors still.
  const { restarted } = await check(shop, '--restart', '--yes');
  expect(restarted).toEqual([{ namespace: shop, owner: 'deployment/web', pods: 1, result: 'restarted' }]);
  await kube(['wait', '-n', shop, 'deploy/web', '--for=jsonpath={.status.replicas}=2', '--timeout=240s']);
  // The pod from before stays beside the new one, which never becomes ready here.
  await kube([
    'delete',
    'replicasets',
    '-n',
    shop,
    '-l',
    'app=web',
    '--field-selector',
    `metadata.name=${await oldest()}`,
  ]);
  await expect.poll(async () => (await check(shop)).missed, { interval: 500 }).toEqual([]);
});

async function oldest(): Promise<string> {
  const names = await kube([
    'get',
    'replicasets',
    '-n',
    shop,
    '-l',
    'app=web',
    '--sort-by=.metadata.creationTimestamp',
    '-o',
    'jsonpath={.items[0].metadata.name}',
  ]);
  return names.trim();
}
