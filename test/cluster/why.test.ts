import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WhyResult } from '../../src/diagnosis/index.ts';
import { cli, kube } from '../support/cluster/clusterFixture.ts';
import { asking, installChart, list, site, web, whyIn, type WebOptions } from '../support/cluster/diagnosisFixture.ts';
import { helm } from '../support/cluster/helmFixture.ts';
import { inForce } from '../support/cluster/policyFixture.ts';

const own = 'why-system';
const shop = 'why-shop';
const plain = 'why-plain';
const locked = 'why-locked';
const least = 'why-least';
const label = { 'why/injection': 'enabled' };
const key = 'packet-capture/inject';
// No node has it: what the pods would be is all that counts here.
const nowhere = { nodeSelector: { 'why/nowhere': 'true' } };
const status = JSON.stringify({ version: '0.1.0', containers: ['packet-capture'], volumes: [] });
const restricted = {
  ...nowhere,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'app',
      image: 'app',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
};

/** Set-ups that do not inject, each with the one reason that `why` must give. */
const broken: readonly (readonly [string, string, WebOptions, string])[] = [
  [shop, 'on-the-deployment', { own: asking }, 'annotation_on_workload'],
  [shop, 'another-value', { annotations: { [key]: 'yes' } }, 'annotation_value'],
  [shop, 'as-a-label', { labels: asking }, 'annotation_as_label'],
  [shop, 'silent', {}, 'not_opted_in'],
  [shop, 'refusing', { annotations: { [key]: 'false' } }, 'opted_out'],
  [shop, 'host-network', { annotations: asking, spec: { ...nowhere, hostNetwork: true } }, 'host_network'],
  [
    shop,
    'collision',
    { annotations: asking, spec: { ...nowhere, volumes: [{ name: 'packet-capture-files', emptyDir: {} }] } },
    'name_collision',
  ],
  [
    shop,
    'on-windows',
    {
      annotations: asking,
      spec: { ...nowhere, securityContext: { windowsOptions: { runAsUserName: 'ContainerUser' } } },
    },
    'windows',
  ],
  [shop, 'copied-status', { annotations: { ...asking, 'packet-capture/status': status } }, 'foreign_status'],
  [plain, 'unlabelled', { annotations: asking }, 'namespace_not_opted_in'],
  [locked, 'restricted', { annotations: asking, spec: restricted }, 'pod_security_restricted'],
];

let folder = '';
let why: (namespace: string, target: string) => Promise<WhyResult>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-test-'));
  why = await whyIn(folder);
  const limits = [
    {
      type: 'Container',
      min: { cpu: '100m', memory: '128Mi' },
      default: { cpu: '1', memory: '256Mi' },
      defaultRequest: { cpu: '100m', memory: '128Mi' },
    },
  ];
  const range = {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'least', namespace: least },
    spec: { limits },
  };
  const sites = [
    site(least, label),
    range,
    site(shop, label),
    site(plain),
    site(locked, { ...label, 'pod-security.kubernetes.io/enforce': 'restricted' }),
  ];
  const deployments = broken.map(([namespace, name, options]) => web(namespace, name, { spec: nowhere, ...options }));
  await kube(
    ['apply', '-f', '-'],
    list([
      ...sites,
      ...deployments,
      web(shop, 'old', { annotations: asking, spec: nowhere }),
      web(least, 'old', { annotations: asking, spec: nowhere }),
    ]),
  );
  await kube(['wait', '-n', shop, 'deploy/old', '--for=jsonpath={.status.unavailableReplicas}=1', '--timeout=240s']);
  await kube(['wait', '-n', least, 'deploy/old', '--for=jsonpath={.status.unavailableReplicas}=1', '--timeout=240s']);
  await installChart('why', own, { injection: { way: 'policy', namespaceLabel: 'why/injection' } });
  const asks = { metadata: { annotations: asking }, spec: { containers: [{ name: 'app', image: 'app' }] } };
  await inForce(shop, asks);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await helm(4, ['uninstall', 'why', '-n', own, '--ignore-not-found']);
  await kube(['delete', 'namespace', own, shop, plain, locked, least, '--ignore-not-found', '--wait=false']);
});

test.each(broken)('in %s, deployment/%s', async (namespace, name, _options, reason) => {
  const { state, reason: found, conditions, next } = await why(namespace, `deploy/${name}`);
  expect([state, found]).toEqual(['not_injected', reason]);
  expect(conditions.filter(({ met }) => met === false)).toHaveLength(2);
  // The API server's own word comes last.
  expect(conditions.at(-1)).toEqual({ met: false, what: 'the API server does not inject such a pod (dry run)' });
  expect(next).not.toBe('');
});

test('for a pod that is older than the release, why names its workload, and the command that it prints helps', async () => {
  const [pod = ''] = (await kube(['get', 'pods', '-n', shop, '-l', 'app=old', '-o', 'name'])).trim().split('\n');
  const before = await why(shop, pod);
  expect(before).toMatchObject({
    state: 'missed',
    reason: 'created_before_release',
    owners: [expect.stringMatching(/^replicaset\/old-/), 'deployment/old'],
  });
  expect(before.next).toBe(`kubectl rollout restart deployment/old --namespace ${shop}`);
  expect(await why(shop, 'deploy/old')).toMatchObject({
    state: 'missed',
    release: { way: 'policy', release: 'why', namespace: own },
    pods: { living: 1, injected: 0 },
  });
  await kube((before.next ?? '').split(' ').slice(1));
  await kube(['wait', '-n', shop, 'deploy/old', '--for=jsonpath={.status.replicas}=2', '--timeout=240s']);
  const [name = ''] = (
    await kube(['get', 'pods', '-n', shop, '-l', 'app=old', '--sort-by=.metadata.creationTimestamp', '-o', 'name'])
  )
    .trim()
    .split('\n')
    .slice(-1);
  const { exitCode, stdout } = await cli(['why', name.replace('pod/', ''), '-n', shop]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('it has the sidecar, version 0.1.0');
  expect(stdout).toContain('It is injected.');
});

test('for pods that a LimitRange refuses because of the sidecar, why advises no restart, and the command that it prints makes them fit', async () => {
  const [pod = ''] = (await kube(['get', 'pods', '-n', least, '-l', 'app=old', '-o', 'name'])).trim().split('\n');
  for (const target of [pod, 'deploy/old']) {
    const result = await why(least, target);
    expect(result).toMatchObject({ state: 'refused', reason: 'pods_refused_by_sidecar' });
    expect(result.conditions.at(-1)?.what).toMatch(
      /^no pod can be created: the LimitRange least: .*minimum memory usage per Container is 128Mi/,
    );
    expect(JSON.stringify(result)).not.toContain('rollout restart');
  }
  const { exitCode, stdout } = await cli(['why', 'deploy/old', '-n', least, '-o', 'json']);
  expect(exitCode).toBe(1);
  const { next } = JSON.parse(stdout) as WhyResult;
  const line = /^kubectl (.*) --patch '(.*)'$/.exec(next ?? '');
  await kube([...(line?.[1] ?? '').split(' '), '--patch', line?.[2] ?? '']);
  expect(await why(least, 'deploy/old')).not.toMatchObject({ state: 'refused' });
  await kube(['wait', '-n', least, 'deploy/old', '--for=jsonpath={.status.replicas}=2', '--timeout=240s']);
});

test('a sidecar that is not native any more is broken, whatever changed it', async () => {
  const annotations = { 'packet-capture/status': status };
  const spec = {
    ...nowhere,
    initContainers: [{ name: 'packet-capture', image: 'app' }],
    containers: [{ name: 'app', image: 'app' }],
  };
  await kube(
    ['create', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'lost', namespace: shop, annotations }, spec }),
  );
  expect(await why(shop, 'lost')).toMatchObject({ state: 'broken', reason: 'restart_policy_lost' });
});

test('a pod that does not exist, a kind without pods and an invalid name are different errors', async () => {
  const [absent, service, wrong] = await Promise.all([
    cli(['why', 'nobody', '-n', shop]),
    cli(['why', 'service/kubernetes', '-n', 'default']),
    cli(['why', 'deploy/web/x', '-n', shop]),
  ]);
  expect([absent.exitCode, service.exitCode, wrong.exitCode]).toEqual([1, 2, 2]);
  expect(absent.stderr).toContain('error NOT_FOUND');
  expect(service.stderr).toContain('error KIND_UNSUPPORTED');
  expect(wrong.stderr).toContain('error USAGE');
});
