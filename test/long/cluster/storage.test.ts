import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appPod } from '../../support/cluster/apps.ts';
import { agentEvent, agentImage, cli, fetchPage, kube, podField } from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import { startSender, type Sender } from '../../support/cluster/sequence.ts';

const namespace = useNamespace('storage');
let sender: Sender;

beforeAll(() => {
  sender = startSender();
});
afterAll(() => sender.close());

/** An app with a limit of 80Mi, for whose pod the sidecar captures into a ring of up to 128Mi. */
async function start(name: string, change: (yaml: string) => string): Promise<string> {
  const app = appPod(namespace, name, {
    graceSeconds: 1,
    container: '      resources: {requests: {ephemeral-storage: 40Mi}, limits: {ephemeral-storage: 80Mi}}\n',
  });
  const { stdout } = await cli(
    ['inject', '-f', '-', '--image', agentImage, '--filter', 'udp port 9999', '--rotate', '1h'],
    app,
  );
  await kube(['apply', '-f', '-'], change(stdout));
  await kube(['wait', '-n', namespace, `pod/${name}`, '--for=condition=Ready', '--timeout=60s']);
  await agentEvent(namespace, name, 'started');
  return podField(namespace, name, '.status.podIP');
}

const phaseOf = async (name: string): Promise<string> => podField(namespace, name, '.status.phase');

test("a full ring does not use up the app's limit for ephemeral storage; without the sidecar's own limit it would", async () => {
  const address = await start('kept', (yaml) => yaml);
  const without = await start('evicted', (yaml) => yaml.replaceAll(/^ +ephemeral-storage: 224Mi\n/gm, ''));
  for (const to of [address, without])
    await sender.send({ address: to, count: 200_000, first: 0, size: 1000, perSecond: 20_000 });
  // The kubelet measures volumes once a minute, and looks for pods to evict every ten seconds (pkg/kubelet/eviction).
  for (let second = 0; second < 150 && (await phaseOf('evicted')) !== 'Failed'; second += 5) await sleep(5000);
  expect(await podField(namespace, 'evicted', '.status.message')).toContain(
    'exceeds the total limit of containers 80Mi',
  );
  await sleep(20_000);
  expect(await phaseOf('kept')).toBe('Running');
  expect(await fetchPage(address)).toContain('Welcome to nginx!');
});
