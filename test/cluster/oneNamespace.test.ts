import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agentImage, cli, kube, loadImages, namespaceYaml, nginxImage } from '../support/cluster/clusterFixture.ts';
import { create, podTemplate, workload } from '../support/cluster/patchFixture.ts';

const shop = `one-namespace-${Date.now().toString(36)}`;
let folder = '';

// As the ClusterRole "edit" in one namespace, and nothing beyond it.
const rules = [
  {
    apiGroups: [''],
    resources: ['pods', 'pods/log', 'events', 'services', 'configmaps', 'limitranges', 'resourcequotas'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  },
  { apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] },
  {
    apiGroups: ['apps'],
    resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'],
    verbs: ['get', 'list', 'watch', 'create', 'patch'],
  },
  { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: ['get', 'list', 'create'] },
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-one-namespace-'));
  await loadImages();
  await kube(['create', '-f', '-'], namespaceYaml(shop));
  const metadata = { name: 'edit-here', namespace: shop };
  const group = 'rbac.authorization.k8s.io';
  const binding = {
    subjects: [{ kind: 'User', name: 'bob', apiGroup: group }],
    roleRef: { kind: 'Role', name: metadata.name, apiGroup: group },
  };
  const items = [
    { apiVersion: `${group}/v1`, kind: 'Role', metadata, rules },
    { apiVersion: `${group}/v1`, kind: 'RoleBinding', metadata, ...binding },
  ];
  await kube(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await create(shop, workload('Deployment', 'web', { template: podTemplate('web') }));
  const container = { name: 'app', image: nginxImage, imagePullPolicy: 'Never', command: ['true'] };
  const spec = { template: { spec: { restartPolicy: 'Never', containers: [container] } } };
  await kube(
    ['create', '-f', '-'],
    JSON.stringify({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'import', namespace: shop }, spec }),
  );
});

afterAll(async () => {
  await kube(['delete', 'namespace', shop, '--wait=false']);
  await rm(folder, { recursive: true });
});

/** As the user of the Role. */
async function asBob(
  code: number,
  ...args: readonly string[]
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const { exitCode, stdout, stderr } = await cli([...args, '-n', shop, '--as=bob']);
  expect(exitCode, `${args.join(' ')}\n${stdout}\n${stderr}`).toBe(code);
  return { stdout, stderr };
}

test('a Role in one namespace is enough for the commands in that namespace', async () => {
  const patched = await asBob(0, 'patch', 'deploy/web', '--image', agentImage, '--wait', '--timeout', '2m');
  expect(patched.stderr).toContain(
    `warning: you may not read namespace ${shop}; by a dry run it enforces Pod Security "privileged"`,
  );
  expect((await asBob(0, 'status', 'deploy/web')).stdout).toMatch(/^web-\S+ +(?:waiting|capturing) /m);
  expect((await asBob(0, 'status')).stdout).toMatch(/^web-\S+ +(?:waiting|capturing) /m);
  await asBob(0, 'stop', 'deploy/web');
  await asBob(0, 'start', '-l', 'app=web', '--filter', 'port 80');
  await asBob(0, 'download', 'deploy/web', '-o', folder, '--open');
  await asBob(0, 'stream', 'deploy/web', '--duration', '1s', '-o', join(folder, 'web.pcapng'));
  expect((await readFile(join(folder, 'web.pcapng'))).length).toBeGreaterThan(0);
  const why = await asBob(0, 'why', 'deploy/web', '-o', 'json');
  expect(JSON.parse(why.stdout)).toMatchObject({ state: 'injected', pods: { living: 1, injected: 1 } });
  const check = JSON.parse((await asBob(0, 'check', '-o', 'json')).stdout) as {
    readonly findings: readonly { readonly code: string; readonly level: string }[];
  };
  const codes = check.findings.filter(({ level }) => level === 'warning').map(({ code }) => code);
  expect(codes).toEqual(expect.arrayContaining(['pods_unreadable', 'releases_unreadable']));
  await asBob(0, 'unpatch', 'deploy/web');
});

test('commands that need more report the missing right', async () => {
  const { exitCode, stderr: all } = await cli(['status', '-A', '--as=bob']);
  expect(exitCode).toBe(1);
  expect(all).toMatch(/error FORBIDDEN: .*User "bob" cannot list resource "pods"/);
});

test('for a Job that has completed, the commands say so, and what would have kept its files', async () => {
  await kube(['wait', '-n', shop, 'job/import', '--for=condition=Complete', '--timeout=240s']);
  for (const args of [
    ['status', 'job/import'],
    ['download', 'job/import'],
    ['stream', 'job/import', '-o', join(folder, 'none.pcapng')],
    ['start', 'job/import'],
    ['stop', 'job/import'],
  ]) {
    const { stderr } = await asBob(1, ...args);
    expect(stderr).toContain('error NOT_CAPTURED: job/import has completed; its files are gone');
    expect(stderr).toContain('--upload');
  }
  const why = await asBob(1, 'why', 'job/import');
  expect(why.stdout).toContain('job/import has completed; its files are gone');
  await kube(['delete', 'pods', '-n', shop, '-l', 'job-name=import']);
  expect((await asBob(1, 'status', 'job/import')).stderr).toContain('job/import has completed');
});
