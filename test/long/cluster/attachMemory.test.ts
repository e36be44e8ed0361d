import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureSlimAgentImage } from '../../../scripts/images/images.ts';
import { cli, kube, nginxImage, podField, restarts, sendDatagrams } from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';

/**
 * Pods that use more or less of their memory limit. Those without the memory that an agent needs are refused; what
 * would have happened to the app is printed, for docs/attach.md.
 */
const node = inject('node');
const shop = useNamespace('attach-memory');
const inShop = ['-n', shop];
const mebibyte = 1024 ** 2;
let image: string;

beforeAll(async () => {
  image = await ensureSlimAgentImage(stderrProgress);
  await loadImage(node, image, stderrProgress);
});

interface Kind {
  readonly limit: number;
  readonly percent: number;
}

const roomy: readonly Kind[] = [
  { limit: 512 * mebibyte, percent: 50 },
  { limit: 64 * mebibyte, percent: 70 },
  { limit: 256 * mebibyte, percent: 90 },
];
const short: readonly Kind[] = [
  { limit: 64 * mebibyte, percent: 80 },
  { limit: 64 * mebibyte, percent: 95 },
  { limit: 256 * mebibyte, percent: 95 },
  { limit: 256 * mebibyte, percent: 98 },
];

test.each(roomy)(
  'a pod that uses $percent % of $limit bytes gets an agent, and its app does not restart',
  async (kind) => {
    const { name } = await podThatUses(kind);
    const seen = await attach(name);
    console.log(JSON.stringify({ name, ...seen }));
    expect([seen.exitCode, seen.restarts]).toEqual([0, 0]);
    expect(Number(seen.packets)).toBeGreaterThan(5000);
  },
);

test.each(short)(
  'a pod that uses $percent % of $limit bytes is refused, and its app does not restart',
  async (kind) => {
    const { name, group } = await podThatUses(kind);
    const refused = async (): Promise<string> =>
      (await cli(['attach', name, ...inShop, '--image', image, '--dry-run'])).stderr;
    // The kubelet reads what a pod uses every few seconds.
    await expect.poll(refused, { timeout: 60_000, interval: 500 }).toContain('error MEMORY_SHORT');
    const { exitCode, stderr } = await cli(['attach', name, ...inShop, '--image', image]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('error MEMORY_SHORT')]);
    expect(await podField(shop, name, '.spec.ephemeralContainers')).toBe('');
    expect(await restarts(shop, name)).toBe(0);
    await group.reset();
    const seen = await attach(name, '--ignore-memory');
    const peak = `${((100 * (await group.peak())) / kind.limit).toFixed(1)} %`;
    console.log(JSON.stringify({ name, refused: /it uses [^,]*/.exec(stderr)?.[0], anyhow: { ...seen, peak } }));
  },
);

async function attach(name: string, ...flags: readonly string[]) {
  const { exitCode, stderr } = await cli(['attach', name, ...inShop, '--image', image, '--timeout', '30s', ...flags]);
  const address = await podField(shop, name, '.status.podIP');
  for (let turn = 0; turn < 5; turn += 1) await sendDatagrams(address, 9999, 2000);
  const { stdout } = await cli(['status', name, ...inShop, '-o', 'json']);
  return {
    exitCode,
    restarts: await restarts(shop, name),
    app: await podField(shop, name, '.status.containerStatuses[0].lastState.terminated.reason'),
    packets: /"packets":\s*(\d+)/.exec(stdout)?.[1],
    said: stderr.trim().split('\n').at(-1),
  };
}

/** A pod that uses so much of its limit, all of it together. */
async function podThatUses({ limit, percent }: Kind) {
  const name = `memory-${limit / mebibyte}-${percent}`;
  await kube(['apply', '-f', '-'], JSON.stringify(memoryPod(name, limit)));
  await kube(['wait', `pod/${name}`, ...inShop, '--for=condition=Ready', '--timeout=120s']);
  const group = await memoryOfPod(await podField(shop, name, '.metadata.uid'));
  const wanted = Math.floor((limit * percent) / 100) - (await group.used());
  await kube(['exec', name, ...inShop, '--', 'sh', '-c', `echo ${wanted} >/tmp/bytes`]);
  const share = async (): Promise<number> => (100 * (await group.used())) / limit;
  await expect.poll(share, { timeout: 60_000 }).toBeGreaterThan(percent - 2);
  return { name, group };
}

/** Waits to be told how many bytes to hold in memory. */
function memoryPod(name: string, limit: number): object {
  const script =
    'mkfifo /tmp/zeros; until [ -s /tmp/bytes ]; do sleep 0.1; done; n=$(cat /tmp/bytes); (head -c $n /dev/zero; sleep 1000) >/tmp/zeros & exec tail -c $n /tmp/zeros';
  const resources = { limits: { memory: String(limit) }, requests: { memory: String(limit / 2) } };
  const app = { name: 'app', image: nginxImage, imagePullPolicy: 'Never', command: ['sh', '-c', script], resources };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: shop },
    spec: { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, containers: [app] },
  };
}

/** The memory of a burstable pod, by its cgroup on this machine (version 2, or 1). */
async function memoryOfPod(uid: string) {
  const text = async (...parts: readonly string[]): Promise<string> =>
    readFile(join('/sys/fs/cgroup', ...parts), 'utf8').catch(() => '');
  const path = [node.cgroup, 'kubepods', 'burstable', `pod${uid}`];
  const [version, usage, peak] =
    (await text(...path, 'memory.current')) === ''
      ? (['memory', 'memory.usage_in_bytes', 'memory.max_usage_in_bytes'] as const)
      : (['', 'memory.current', 'memory.peak'] as const);
  expect(Number(await text(version, ...path, usage))).toBeGreaterThan(0);
  return {
    used: async () => Number(await text(version, ...path, usage)),
    peak: async () => Number(await text(version, ...path, peak)),
    reset: async () => writeFile(join('/sys/fs/cgroup', version, ...path, peak), '0').catch(() => undefined),
  };
}
