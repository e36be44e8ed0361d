import { once } from 'node:events';
import { beforeAll, expect, inject, test } from 'vitest';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureSlimAgentImage } from '../../../scripts/images/images.ts';
import { pauseDeployment } from '../../support/cluster/apps.ts';
import { cli, kube, namespaceYaml, podField, restarts } from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import { podKinds, waitingJob, waitingPod } from '../../support/cluster/podKinds.ts';
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

const attachIn = (namespace: string, ...args: readonly string[]): string[] => {
  return [process.execPath, 'bin/packet-capture.js', 'attach', '--image', image, '-n', namespace, ...args];
};
const attach = (...args: readonly string[]): string[] => attachIn(shop, ...args);
const podOfJob = async (job: string): Promise<string> =>
  kube(['get', 'pods', ...inShop, '-l', `job-name=${job}`, '-o', 'jsonpath={.items[0].metadata.name}']);

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

const eachKind = 3;

test('every kind of pod is captured within 3 s at the median, and keeps one container that ends by itself; none restarts', async () => {
  const baseline = `${shop}-baseline`;
  const numbered = Array.from({ length: eachKind }, (_, index) => index);
  const items = numbered.flatMap((number) => [
    ...Object.entries(podKinds).map(([kind, options]) => waitingPod(`${kind}-${number}`, shop, options)),
    waitingPod(`baseline-${number}`, baseline),
    waitingJob(`job-${number}`, shop),
  ]);
  await kube(['apply', '-f', '-'], namespaceYaml(baseline, 'baseline'));
  await kube(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  for (const namespace of [shop, baseline])
    await kube(['wait', 'pods', '--all', '-n', namespace, '--for=condition=Ready', '--timeout=240s']);
  const attached: (readonly [namespace: string, name: string])[] = [];
  const medians: Record<string, number> = {};
  for (const kind of [...Object.keys(podKinds), 'baseline', 'job']) {
    const namespace = kind === 'baseline' ? baseline : shop;
    const times: number[] = [];
    for (const number of numbered) {
      const name = kind === 'job' ? await podOfJob(`job-${number}`) : `${kind}-${number}`;
      const args = attachIn(namespace, name, '--ttl', '30s', '-o', '-');
      const { seconds } = await firstPacket(args, await podField(namespace, name, '.status.podIP'));
      times.push(seconds ?? Number.POSITIVE_INFINITY);
      attached.push([namespace, name]);
    }
    medians[kind] = median(times);
    const context = await podField(
      namespace,
      attached.at(-1)?.[1] ?? '',
      '.spec.ephemeralContainers[*].securityContext',
    );
    console.log(JSON.stringify({ kind, seconds: median(times).toFixed(2), securityContext: context }));
  }
  expect(Object.entries(medians).filter(([, seconds]) => seconds >= 3)).toEqual([]);
  for (const [namespace, name] of attached) {
    const ended = '.status.ephemeralContainerStatuses[*].state.terminated.exitCode';
    await expect.poll(async () => podField(namespace, name, ended), { timeout: 120_000, interval: 500 }).toBe('0');
    expect(await restarts(namespace, name)).toBe(0);
  }
  for (const number of numbered) {
    await kube(['exec', ...inShop, await podOfJob(`job-${number}`), '-c', 'app', '--', 'touch', '/tmp/done']);
    await kube(['wait', `job/job-${number}`, ...inShop, '--for=condition=Complete', '--timeout=120s']);
  }
  await kube(['delete', 'namespace', baseline, '--wait=false']);
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
