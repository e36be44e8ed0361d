import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StatusResult, UpdatePodsResult } from '../../../src/captures/index.ts';
import { until } from '../../support/agent/until.ts';
import { pauseDeployment } from '../../support/cluster/apps.ts';
import { agentImage, cli, injectAndApply, kube } from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import { startSender, type Sender } from '../../support/cluster/sequence.ts';
import { watchPods, type PodWatch } from '../../support/long/podWatch.ts';

const namespace = useNamespace('fleet');
const size = 50;
const each = 200;
let sender: Sender;
let watch: PodWatch;

beforeAll(async () => {
  sender = startSender();
  watch = await watchPods(namespace);
});
afterAll(async () => {
  sender.close();
  await watch.stop();
});

async function status(): Promise<StatusResult['pods']> {
  const { exitCode, stdout, stderr } = await cli(['status', '-n', namespace, '-l', 'app=fleet', '-o', 'json']);
  expect(exitCode, stderr).toBe(0);
  return (JSON.parse(stdout) as StatusResult).pods;
}

/** Sends to a port of every pod. */
async function sendToAll(addresses: readonly string[], port: number): Promise<void> {
  for (const address of addresses) await sender.send({ address, port, count: each, first: 0, size: 100, perSecond: 0 });
}

/** Waits until every agent has told of so many packets. */
async function allHave(packets: number): Promise<void> {
  let last: StatusResult['pods'] = [];
  const enough = async (): Promise<boolean> => {
    last = await status();
    return last.length === size && last.every((pod) => pod.status?.packets === packets);
  };
  await until(`${packets} packets in each pod`, enough, {
    milliseconds: 60_000,
    instead: () => last.map((pod) => [pod.pod, pod.problem, pod.status?.packets, pod.status?.dropped]),
  });
}

test(`${size} pods at once become ready, capture, are changed by start and stop, and end; no app restarts, is evicted or becomes not ready`, async () => {
  const seconds: Record<string, number> = {};
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    const result = await work();
    seconds[what] = Math.round((performance.now() - from) / 100) / 10;
    return result;
  };
  await timed('ready', async () => {
    await injectAndApply(pauseDeployment(namespace, 'fleet', size), '--image', agentImage, '--filter', 'udp port 9999');
    await kube(['rollout', 'status', '-n', namespace, 'deploy/fleet', '--timeout=300s']);
  });
  const capturing = async (): Promise<boolean> =>
    (await status()).filter((pod) => pod.status?.state === 'capturing').length === size;
  await timed('all capture', async () => until('capture in all', capturing, { milliseconds: 120_000 }));
  const addresses = (
    await kube(['get', 'pods', '-n', namespace, '-l', 'app=fleet', '-o', 'jsonpath={.items[*].status.podIP}'])
  ).split(' ');
  await sendToAll(addresses, 9999);
  await sendToAll(addresses, 9998);
  await timed('all have told', async () => allHave(each));

  const steered = await timed('steered', async () =>
    cli(['start', '-n', namespace, '-l', 'app=fleet', '--filter', 'udp port 9998', '--timeout', '120s', '-o', 'json']),
  );
  expect(steered.exitCode, steered.stderr).toBe(0);
  expect(
    (JSON.parse(steered.stdout) as UpdatePodsResult).pods.filter(({ result }) => result === 'confirmed'),
  ).toHaveLength(size);
  await sendToAll(addresses, 9999);
  await sendToAll(addresses, 9998);
  await allHave(2 * each);
  expect((await status()).map((pod) => pod.status?.dropped)).toEqual(
    Array.from({ length: size }, () => ({ kernel: 0, interface: 0, queue: 0 })),
  );

  expect(watch.harm()).toEqual([]);
  expect(watch.ready().size).toBe(size);
  expect(watch.sidecarRestarts()).toBe(0);
  // The node has no DNS, and says so for each pod.
  const warnings = await kube([
    'get',
    'events',
    '-n',
    namespace,
    '--field-selector',
    'type=Warning,reason!=MissingClusterDNS',
    '-o',
    'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}',
  ]);
  expect(warnings).not.toMatch(/Evicted|BackOff|Unhealthy/);
  await timed('deleted', async () => {
    await kube(['delete', 'deploy', '-n', namespace, 'fleet']);
    await kube(['wait', '-n', namespace, 'pods', '-l', 'app=fleet', '--for=delete', '--timeout=180s']);
  });
  console.log(JSON.stringify(seconds));
});
