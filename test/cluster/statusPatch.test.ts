import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { kubectl } from '../../scripts/cluster/kubectl.ts';
import type { StatusResult } from '../../src/captures/index.ts';
import { appPod } from '../support/cluster/apps.ts';
import { agentEvent, agentEvents, agentImage, cli, injectAndApply, kube } from '../support/cluster/clusterFixture.ts';
import { useNamespace } from '../support/cluster/namespace.ts';

const node = inject('node');
const namespace = useNamespace('status-patch');

/** A controller that may say how pods fare, and nothing else: many may. */
const controller = `system:serviceaccount:${namespace}:controller`;
const rights = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'controller', namespace } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'controller', namespace },
    rules: [
      { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods/status'], verbs: ['get', 'patch'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'controller', namespace },
    subjects: [{ kind: 'ServiceAccount', name: 'controller', namespace }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'controller' },
  },
];

test('a user who may only patch pods/status cannot send packets to a destination that the release does not allow, nor change a locked setting', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-status-'));
  const config = join(folder, 'sidecarconfig.yaml');
  const agent = {
    image: agentImage,
    allowedSettings: ['state', 'stream', 'upload'],
    allowedStreams: ['collector.obs:57012'],
    allowedUploads: [],
  };
  await writeFile(config, JSON.stringify({ agent, settings: { filter: 'udp port 9999' } }));
  await kube(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: rights }));
  await injectAndApply(appPod(namespace, 'web', { graceSeconds: 1 }), '--sidecar-config', config);
  await kube(['wait', '-n', namespace, '--for=condition=Ready', 'pod/web', '--timeout=240s']);
  await agentEvent(namespace, 'web', 'started');

  const wanted = {
    stream: '192.0.2.1:57012',
    upload: 's3:theirs/x',
    filter: 'tcp',
    interfaces: 'any',
    state: 'running',
  };
  const annotations = Object.fromEntries(
    Object.entries(wanted).map(([name, value]) => [`packet-capture/${name}`, value]),
  );
  const patch = (...more: readonly string[]): Promise<unknown> =>
    kubectl(node, [
      'patch',
      'pod',
      'web',
      '-n',
      namespace,
      '--as',
      controller,
      '--type',
      'merge',
      '--patch',
      JSON.stringify({ metadata: { annotations } }),
      ...more,
    ]);
  await expect(patch()).resolves.toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('cannot patch resource "pods"'),
  });
  await expect(patch('--subresource', 'status')).resolves.toMatchObject({ exitCode: 0 });

  const invalid = async (): Promise<string[]> =>
    (await agentEvents(namespace, 'web'))
      .filter(({ event }) => event === 'invalid setting')
      .map(({ setting }) => String(setting));
  await expect.poll(invalid, { interval: 500 }).toHaveLength(4);
  expect((await invalid()).toSorted()).toEqual(['filter', 'interfaces', 'stream', 'upload']);
  const events = (await agentEvents(namespace, 'web')).map(({ event }) => event);
  for (const event of ['stream connected', 'uploaded', 'upload failed', 'error']) expect(events).not.toContain(event);
  const { stdout } = await cli(['status', 'web', '-n', namespace, '-o', 'json']);
  const {
    pods: [{ status } = {}],
  } = JSON.parse(stdout) as StatusResult;
  expect(status).toMatchObject({ state: 'capturing', filter: 'udp port 9999' });
  await rm(folder, { recursive: true });
});
