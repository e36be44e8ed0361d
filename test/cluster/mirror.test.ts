import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { inNetns } from '../../scripts/cluster/machine.ts';
import { framesOf, receiveVxlan } from '../support/agent/vxlanCollector.ts';
import { appPod } from '../support/cluster/apps.ts';
import {
  agentImage,
  cli,
  copyFiles,
  fetchPage,
  injectAndApply,
  kube,
  podField,
  restarts,
} from '../support/cluster/clusterFixture.ts';
import { useNamespace } from '../support/cluster/namespace.ts';

const node = inject('node');
const shop = useNamespace('mirror');
const [port, vni] = [4790, 42];
const filter = 'tcp port 80';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-mirror-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function steer(...command: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await cli([...command, '-n', shop]);
  expect(exitCode, stderr).toBe(0);
}

/** The network devices of the pod. */
async function devices(): Promise<string[]> {
  return (await kube(['exec', '-n', shop, 'web', '-c', 'app', '--', 'ls', '/sys/class/net'])).split('\n');
}

test('a pod is mirrored to a collector outside of the cluster: packets in both directions that match the filter, until the mirror is stopped', async () => {
  const file = join(folder, 'received.pcapng');
  const endCollector = await receiveVxlan(inNetns(node.netns, []), { file, port, vni });
  const collector = (
    await kube(['get', 'node', '-o', 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}'])
  ).trim();
  await injectAndApply(
    appPod(shop, 'web'),
    '--image',
    agentImage,
    '--state',
    'idle',
    '--filter',
    filter,
    '--mirror',
    `vxlan://${collector}:${port}?vni=${vni}`,
  );
  await kube(['wait', '-n', shop, 'pod/web', '--for=condition=Ready', '--timeout=240s']);
  const ip = await podField(shop, 'web', '.status.podIP');
  expect(await devices()).not.toContain('pcmirror0');

  await steer('start', 'web');
  await expect.poll(devices).toContain('pcmirror0');
  for (let page = 0; page < 3; page += 1) expect(await fetchPage(ip)).toContain('Welcome to nginx!');
  await steer('stop', 'web');
  await expect.poll(devices).not.toContain('pcmirror0');
  expect(await fetchPage(ip)).toContain('Welcome to nginx!');
  await endCollector();

  const [captured = ''] = await copyFiles(shop, 'web');
  const frames = await framesOf(captured, 'tcp');
  expect(frames.length).toBeGreaterThan(20);
  expect(await framesOf(file, 'ip')).toEqual(frames);
  expect(await framesOf(captured, 'vxlan or icmp')).toEqual([]);
  expect(await restarts(shop, 'web')).toBe(0);
});
