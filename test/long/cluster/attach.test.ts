import { once } from 'node:events';
import { beforeAll, expect, inject, test } from 'vitest';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureSlimAgentImage } from '../../../scripts/images/images.ts';
import { pauseDeployment } from '../../support/cluster/apps.ts';
import { cli, kube, podField, restarts } from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import { begin, firstPacket, median } from '../../support/long/attach/firstPacket.ts';

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

const attach = (...args: readonly string[]): string[] => {
  return [process.execPath, 'bin/packet-capture.js', 'attach', '--image', image, ...inShop, ...args];
};

test(`the median time from the command to the first packet is at most 3 s over ${rounds} pods; no app restarts`, async () => {
  const times: number[] = [];
  for (const pod of pods.slice(0, rounds)) {
    const { seconds } = await firstPacket(attach(pod, '-o', '-'), await podField(shop, pod, '.status.podIP'));
    times.push(seconds ?? Number.POSITIVE_INFINITY);
  }
  const [fastest, slowest] = [Math.min(...times).toFixed(2), Math.max(...times).toFixed(2)];
  console.log(`first packet: median ${median(times).toFixed(2)} s, fastest ${fastest} s, slowest ${slowest} s`);
  expect(median(times)).toBeLessThan(3);
  for (const pod of pods.slice(0, rounds)) expect(await restarts(shop, pod)).toBe(0);
});

test('a hundred attach commands for one pod add one container', async () => {
  const pod = pods[rounds] ?? '';
  const begun = performance.now();
  const results = await Promise.all(
    Array.from({ length: 100 }, async () => cli(['attach', pod, ...inShop, '--image', image, '--timeout', '5m'])),
  );
  console.log(`a hundred attaches to one pod: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  expect(results.filter(({ exitCode }) => exitCode !== 0).map(({ stderr }) => stderr)).toEqual([]);
  expect(results.filter(({ stderr }) => stderr.includes(': attached the container'))).toHaveLength(1);
  expect(await podField(shop, pod, '.spec.ephemeralContainers[*].name')).toBe('packet-capture');
  expect(await restarts(shop, pod)).toBe(0);
});

test('when the command is killed, its agent ends at its ttl', async () => {
  const pod = pods[rounds + 1] ?? '';
  const child = await begin(attach(pod, '-o', '-', '--ttl', '15s'));
  await once(child.stdout, 'data');
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  const killed = performance.now();
  const code = async (): Promise<string> =>
    podField(shop, pod, '.status.ephemeralContainerStatuses[0].state.terminated.exitCode');
  await expect.poll(code, { timeout: 120_000, interval: 1000 }).toBe('0');
  console.log(`killed: its agent ended ${((performance.now() - killed) / 1000).toFixed(0)} s later`);
  expect(await restarts(shop, pod)).toBe(0);
});
