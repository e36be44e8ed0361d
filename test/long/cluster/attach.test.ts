import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { beforeAll, expect, inject, test } from 'vitest';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { clusterEnvironment } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureSlimAgentImage } from '../../../scripts/images/images.ts';
import { pauseDeployment } from '../../support/cluster/apps.ts';
import { cli, kube, podField, restarts, sendDatagrams } from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import { hasPacket } from '../../support/long/hasPacket.ts';

const node = inject('node');
const shop = useNamespace('attach-long');
const inShop = ['-n', shop];
const rounds = 20;
let image: string;
let pods: readonly string[];

beforeAll(async () => {
  image = await ensureSlimAgentImage(stderrProgress);
  await loadImage(node, image, stderrProgress);
  await kube(['apply', '-f', '-'], pauseDeployment(shop, 'web', rounds + 2));
  await kube(['rollout', 'status', 'deploy/web', ...inShop, '--timeout=120s']);
  pods = (await kube(['get', 'pods', ...inShop, '-o', 'jsonpath={.items[*].metadata.name}'])).split(' ');
});

async function begin(...args: readonly string[]) {
  const argv = inNetns(node.netns, [process.execPath, 'bin/packet-capture.js', 'attach', '--image', image, ...args]);
  const env = { ...process.env, ...(await clusterEnvironment(node)) };
  return spawn(argv[0] ?? '', argv.slice(1), { env, stdio: ['ignore', 'pipe', 'ignore'] });
}

/** Seconds from the command to the first packet in its standard output. */
async function firstPacket(pod: string): Promise<number> {
  const address = await podField(shop, pod, '.status.podIP');
  const over = new AbortController();
  const sending = (async () => {
    while (!over.signal.aborted) await sendDatagrams(address, 9999, 40, 20);
  })();
  const begun = performance.now();
  const child = await begin(pod, ...inShop, '-o', '-');
  const exited = once(child, 'exit');
  let bytes = Buffer.alloc(0);
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk]);
    if (hasPacket(bytes)) break;
  }
  const seconds = (performance.now() - begun) / 1000;
  child.kill('SIGINT');
  over.abort();
  await Promise.all([exited, sending]);
  return seconds;
}

test(`the median time from the command to the first packet is at most 3 s over ${rounds} pods; no app restarts`, async () => {
  const times: number[] = [];
  for (const pod of pods.slice(0, rounds)) times.push(await firstPacket(pod));
  const sorted = times.toSorted((a, b) => a - b);
  const median = ((sorted[rounds / 2 - 1] ?? 0) + (sorted[rounds / 2] ?? 0)) / 2;
  console.log(
    `first packet: median ${median.toFixed(2)} s, fastest ${sorted[0]?.toFixed(2)} s, slowest ${sorted.at(-1)?.toFixed(2)} s`,
  );
  expect(median).toBeLessThan(3);
  for (const pod of pods.slice(0, rounds)) expect(await restarts(shop, pod)).toBe(0);
});

test('a hundred attach commands for one pod add one container', async () => {
  const pod = pods[rounds] ?? '';
  const results = await Promise.all(
    Array.from({ length: 100 }, async () => cli(['attach', pod, ...inShop, '--image', image, '--timeout', '5m'])),
  );
  expect(results.filter(({ exitCode }) => exitCode !== 0).map(({ stderr }) => stderr)).toEqual([]);
  expect(results.filter(({ stderr }) => stderr.includes(': attached the container'))).toHaveLength(1);
  expect(await podField(shop, pod, '.spec.ephemeralContainers[*].name')).toBe('packet-capture');
  expect(await restarts(shop, pod)).toBe(0);
});

test('when the command is killed, its agent ends at its ttl', async () => {
  const pod = pods[rounds + 1] ?? '';
  const child = await begin(pod, ...inShop, '-o', '-', '--ttl', '15s');
  await once(child.stdout, 'data');
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  const code = async (): Promise<string> =>
    podField(shop, pod, '.status.ephemeralContainerStatuses[0].state.terminated.exitCode');
  await expect.poll(code, { timeout: 120_000, interval: 1000 }).toBe('0');
  expect(await restarts(shop, pod)).toBe(0);
});
