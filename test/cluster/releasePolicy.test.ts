import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { runInNetns } from '../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../scripts/cluster/tools.ts';
import type { InstallResult } from '../../src/release/index.ts';
import { withRegistry } from '../support/chart/helm.ts';
import { bakedCerts, valueSets } from '../support/chart/valueSets.ts';
import { agentImage, kube } from '../support/cluster/clusterFixture.ts';
import {
  chart,
  helm,
  leftovers,
  loadReleaseImages,
  quickEnd,
  runningContainers,
  siteState,
  siteYaml,
  type HelmMajor,
} from '../support/cluster/helmFixture.ts';
import { json } from '../support/cluster/installFixture.ts';
import { inForce } from '../support/cluster/policyFixture.ts';

const node = inject('node');
const sets = valueSets(await bakedCerts(), await bakedCerts('capture', 'chart-other'));
const injected = ['packet-capture', 'app'];
const policy = ['--set', 'injection.way=policy'];

/** What stands in a namespace where nothing runs. */
async function objectsIn(namespace: string): Promise<string[]> {
  const kinds =
    'deploy,rs,pods,jobs,services,secrets,serviceaccounts,roles,rolebindings,poddisruptionbudgets,configmaps';
  const text = await kube(['get', kinds, '-n', namespace, '-o', 'name', '-l', 'app.kubernetes.io/managed-by=Helm']);
  return text.split('\n').filter((line) => line !== '');
}

/** Of parameters' names, which stand for their data; in order. */
function withoutDigests(names: readonly string[]): string[] {
  return names.map((name) => name.replace(/-[0-9a-f]{8}$/, '-DIGEST')).toSorted((one, other) => (one < other ? -1 : 1));
}

async function webhooksOf(namespace: string): Promise<string> {
  return (await kube(['get', 'mutatingwebhookconfigurations', '-o', 'name']))
    .split('\n')
    .filter((name) => name.endsWith(`.${namespace}`))
    .join();
}

/** Of the release, in the cluster. */
async function policiesOf(namespace: string): Promise<string[]> {
  const names = (await kube(['get', 'mutatingadmissionpolicies,mutatingadmissionpolicybindings', '-o', 'name'])).split(
    '\n',
  );
  return names.map((name) => name.split('/').at(-1) ?? '').filter((name) => name.split('.')[1] === namespace);
}

/** Opted in by hand, as the notes say. */
async function makeSite(site: string, label: string): Promise<void> {
  await kube(['apply', '-f', '-'], siteYaml(site));
  await kube(['label', 'namespace', site, `${label}=enabled`]);
  // The API server takes notice of a policy a moment after it is stored.
  await inForce(site, {
    metadata: { annotations: { 'packet-capture/inject': 'true' } },
    spec: { containers: [{ name: 'app', image: 'example/app:1' }] },
  });
  const annotations = { 'packet-capture/inject': 'true' };
  await kube([
    'patch',
    'deploy',
    'web',
    '-n',
    site,
    '-p',
    JSON.stringify({ spec: { template: { metadata: { annotations } } } }),
  ]);
}

/** Rolls the Deployment `web`; the containers of its new pod. */
async function rolled(site: string): Promise<readonly string[]> {
  await kube(['rollout', 'restart', '-n', site, 'deploy/web']);
  return runningContainers(site);
}

async function snaplenOf(namespace: string): Promise<string> {
  const name = await kube([
    'get',
    'mutatingadmissionpolicybinding',
    `packet-capture.${namespace}`,
    '-o',
    'jsonpath={.spec.paramRef.name}',
  ]);
  return kube(['get', 'configmap', name, '-n', namespace, '-o', String.raw`jsonpath={.data.setting\.snaplen}`]);
}

beforeAll(loadReleaseImages);

describe.concurrent.each<[HelmMajor, readonly string[]]>([
  // The detour over a webhook and back is the chart's work: once is enough.
  [4, ['webhook']],
  [3, []],
])('a policy in the hands of helm %i', (major, detours) => {
  const namespace = `policy-helm-${major}`;
  const site = `${namespace}-site`;
  const label = `${namespace}/injection`;
  const at = ['packet-capture', '-n', namespace];
  const flags = [...policy, '--set', `injection.namespaceLabel=${label}`, '--wait', '--timeout', '1m'];

  afterAll(async () => {
    await kube(['delete', 'namespace', namespace, site, '--ignore-not-found', '--wait=false']);
  });

  test('is installed, upgraded, rolled back and uninstalled, without any pod of its own', async () => {
    await helm(major, ['install', 'packet-capture', chart, '-n', namespace, ...flags, '--create-namespace']);
    const parameters = ['', '-baseline', '-probe'].map((profile) => `configmap/packet-capture-policy${profile}-DIGEST`);
    expect(withoutDigests(await objectsIn(namespace))).toEqual(parameters);
    expect(await webhooksOf(namespace)).toBe('');
    await makeSite(site, label);
    const before = await siteState(site);
    expect(await runningContainers(site)).toEqual(injected);

    expect(await policiesOf(namespace)).toHaveLength(4);
    const notes = await helm(major, ['get', 'notes', ...at]);
    const proof = /kubectl (run probe .*) -o jsonpath/.exec(notes)?.[1]?.replace('NAMESPACE', site).split(' ') ?? [];
    expect(await kube([...proof, '-o', 'jsonpath={.spec.initContainers[*].name}'])).toBe('packet-capture');

    await helm(major, ['upgrade', 'packet-capture', chart, '-n', namespace, ...flags, '--set', 'capture.snaplen=96']);
    expect(await snaplenOf(namespace)).toBe('96');
    expect(
      withoutDigests(await objectsIn(namespace)),
      'those of before are needed until API servers see the new',
    ).toEqual(parameters.flatMap((each) => [each, each]));
    await helm(major, ['upgrade', 'packet-capture', chart, '-n', namespace, ...flags, '--set', 'capture.snaplen=96']);
    expect(withoutDigests(await objectsIn(namespace)), 'and go then').toEqual(parameters);
    await helm(major, ['rollback', 'packet-capture', '1', '-n', namespace, '--wait']);
    expect(await snaplenOf(namespace)).toBe('');
    expect(await siteState(site), 'the workloads were not touched').toEqual(before);

    for (const way of detours) {
      await helm(major, [
        'upgrade',
        'packet-capture',
        chart,
        '-n',
        namespace,
        ...flags,
        '--set',
        `injection.way=${way},replicas=1`,
        ...quickEnd,
      ]);
      expect(await policiesOf(namespace)).toEqual([]);
      expect(await rolled(site)).toEqual(injected);
      await helm(major, ['rollback', 'packet-capture', '1', '-n', namespace, '--wait']);
      expect(await webhooksOf(namespace)).toBe('');
      expect(await policiesOf(namespace)).toHaveLength(4);
    }
    await helm(major, ['uninstall', ...at, '--wait']);
    expect(await leftovers('packet-capture', namespace, [site])).toEqual([]);
    expect(await policiesOf(namespace)).toEqual([]);
  });
});

test('the API server accepts the values that users set, and helm removes all objects', async () => {
  const namespace = 'policy-record';
  await kube(['create', 'namespace', namespace]);
  const program = await ensureHelm(4, stderrProgress);
  for (const name of ['all settings', 'opt out, further selectors', 'images']) {
    const values = { ...sets[name], injection: { ...sets[name]?.injection, way: 'policy' } };
    const api = [
      '--kube-version',
      '1.37.0',
      '--api-versions',
      'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy',
    ];
    const { stdout } = await runInNetns(
      node,
      [program, 'template', 'packet-capture', chart, '-n', namespace, '--values', '-', ...api],
      { input: JSON.stringify(withRegistry(values)) },
    );
    const taken = await kube(['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'], stdout);
    expect(taken.trim().split('\n'), name).toHaveLength(7);
  }
  const record = {
    version: 1,
    keys: { namespaceLabel: 'l', annotation: 'a' },
    objects: [{ kind: 'Namespace', name: 'shop' }],
  };
  await kube([
    'create',
    'configmap',
    'packet-capture-opt-in',
    '-n',
    namespace,
    `--from-literal=targets=${JSON.stringify(record)}`,
  ]);
  const args = [
    'install',
    'packet-capture',
    chart,
    '-n',
    namespace,
    ...policy,
    '--set',
    'global.imageRegistry=registry.example',
    '--dry-run=server',
  ];
  const { exitCode, stderr } = await runInNetns(node, [program, ...args]);
  await kube(['delete', 'namespace', namespace, '--wait=false']);
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain('the targets (1) that the hooks of this release opted in would stay opted in');
  expect(stderr).toContain('Upgrade with targets=[] first');
});

describe.concurrent('the installer', () => {
  const namespace = 'policy-installer';
  const release = 'policy-packet-capture';
  const site = `${namespace}-site`;
  const label = `${namespace}/injection`;
  const at = ['--release', release, '--namespace', namespace, '--yes'];
  const flags = [...at, '--set', 'replicas=1', '--set', `injection.namespaceLabel=${label}`, ...quickEnd];

  afterAll(async () => {
    await kube([
      'delete',
      'mutatingadmissionpolicies,mutatingadmissionpolicybindings',
      '-l',
      `app.kubernetes.io/instance=${release}`,
      '--ignore-not-found',
    ]);
    await kube(['delete', 'namespace', namespace, site, '--ignore-not-found', '--wait=false']);
  });

  test('replaces a webhook by a policy, tests both, and leaves nothing', async () => {
    const first = await json<InstallResult>(4, 0, ['install', ...flags]);
    expect(first.result).toMatchObject({ result: 'installed', injectionProven: true, policies: [] });
    await makeSite(site, label);
    expect(await runningContainers(site)).toEqual(injected);

    const { result } = await json<InstallResult>(4, 0, ['upgrade', ...at, ...policy]);
    expect(result).toMatchObject({
      result: 'upgraded',
      injectionProven: true,
      webhooks: [],
      findings: [{ code: 'injection_way_changes' }],
      certificates: { mode: 'none', action: 'none' },
      images: { sidecars: [agentImage] },
      policies: [
        {
          name: `${release}.${namespace}`,
          bindings: ['', '.baseline', '.probe'].map((profile) => `${release}.${namespace}${profile}`),
        },
      ],
    });
    expect(result.images.injector).toBeUndefined();
    const standing = async (): Promise<string[]> =>
      withoutDigests((await objectsIn(namespace)).map((name) => name.replace(`${release}-`, '')));
    // What the Deployment has made goes by the garbage collector's clock.
    await expect
      .poll(standing)
      .toEqual(['', '-baseline', '-probe'].map((profile) => `configmap/policy${profile}-DIGEST`));
    expect(await webhooksOf(namespace)).toBe('');
    expect(await helm(4, ['get', 'values', release, '-n', namespace]), 'no key stays in the values').not.toContain(
      'PRIVATE KEY',
    );
    expect(await rolled(site)).toEqual(injected);

    const gone = await json<{ readonly left: readonly unknown[] }>(4, 0, ['uninstall', ...at]);
    expect(gone.result).toMatchObject({ result: 'uninstalled', left: [] });
    expect(await leftovers(release, namespace, [site])).toEqual([]);
    expect(await policiesOf(namespace)).toEqual([]);
  });
});
