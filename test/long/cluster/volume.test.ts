import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { run } from '../../../scripts/cluster/command.ts';
import { kubectl } from '../../../scripts/cluster/kubectl.ts';
import { inMachine } from '../../../scripts/cluster/machine.ts';
import { parseQuantity } from '../../../src/settings/index.ts';
import { readStatus } from '../../support/agent/agentFiles.ts';
import { until } from '../../support/agent/until.ts';
import {
  agentEvent,
  agentEvents,
  agentImage,
  captureFolder,
  copyFiles,
  fetchPage,
  injectAndApply,
  kube,
  podField,
} from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import { numberedPackets, startSender, type Sender } from '../../support/cluster/sequence.ts';
import { watchPods, type PodWatch } from '../../support/long/podWatch.ts';
import { servingPod } from '../../support/long/servingPod.ts';

const node = inject('node');
const namespace = useNamespace('volume');
let sender: Sender;
const watches: PodWatch[] = [];

beforeAll(() => {
  sender = startSender();
});
afterEach(async () => {
  for (const watch of watches.splice(0)) await watch.stop();
});
afterAll(() => sender.close());

async function watched(): Promise<PodWatch> {
  const watch = await watchPods(namespace);
  watches.push(watch);
  return watch;
}

async function ready(pod: string): Promise<string> {
  await kube(['wait', '-n', namespace, `pod/${pod}`, '--for=condition=Ready', '--timeout=60s']);
  await agentEvent(namespace, pod, 'started');
  return podField(namespace, pod, '.status.podIP');
}

async function inSidecar(pod: string, script: string): Promise<void> {
  await kubectl(node, ['exec', '-n', namespace, pod, '-c', 'packet-capture', '--', 'sh', '-c', script]);
}

/** The kubelet measures volumes once a minute, and looks for pods to evict every ten seconds (pkg/kubelet/eviction). */
const evictionSeconds = 90;

test('while the disk is full, the app is not affected, and afterwards the capture continues', async () => {
  // A file system of its own in the place of the volume, before the kubelet makes it: the pod waits for that at a gate.
  const gate = '  schedulingGates: [{name: packet-capture-test/disk}]\n';
  await injectAndApply(servingPod(namespace, 'full', gate), '--image', agentImage, '--filter', 'udp port 9999');
  const folder = await captureFolder(namespace, 'full');
  await mkdir(folder, { recursive: true });
  await run(await inMachine(node, ['mount', '-t', 'tmpfs', '-o', 'size=16m,mode=1777', 'tmpfs', folder]));
  await kube([
    'patch',
    'pod',
    '-n',
    namespace,
    'full',
    '--type=json',
    '-p',
    '[{"op":"remove","path":"/spec/schedulingGates"}]',
  ]);
  const address = await ready('full');
  const watch = await watched();

  const stream = async (first: number, count: number): Promise<void> =>
    sender.send({ address, count, first, size: 1000, perSecond: 1000 });
  await stream(0, 3000);
  await sleep(1000);
  await inSidecar('full', 'head -c 100000000 /dev/zero > /captures/filler');
  await stream(3000, 3000);
  const complaint = async (): Promise<boolean> =>
    (await agentEvents(namespace, 'full')).some(({ reason = '' }) => reason.includes('is full'));
  await until('complaint about the disk', complaint, { milliseconds: 30_000 });
  for (let second = 0; second < evictionSeconds; second += 3) {
    await stream(10_000, 100);
    expect(await fetchPage(address)).toContain('Welcome to nginx!');
    await sleep(2500);
  }
  await inSidecar('full', 'rm /captures/filler');
  await agentEvent(namespace, 'full', 'started', 2);
  await stream(20_000, 500);
  await sleep(1500);

  const numbers = (await numberedPackets(await copyFiles(namespace, 'full'))).map(({ number }) => number);
  const stored = (from: number, to: number): number => numbers.filter((number) => number >= from && number < to).length;
  console.log(
    JSON.stringify({
      before: stored(0, 3000),
      whileItFills: stored(3000, 6000),
      whileFull: stored(10_000, 10_100),
      after: stored(20_000, 20_500),
    }),
  );
  expect([stored(0, 3000), stored(20_000, 20_500)]).toEqual([3000, 500]);
  expect(stored(10_000, 10_100)).toBe(0);
  expect(watch.harm()).toEqual([]);
  expect(watch.sidecarRestarts()).toBe(0);
});

interface Ring {
  readonly name: string;
  readonly fileSize: string;
  readonly fileCount: number;
  /** Packets that fill it. */
  readonly fill: number;
}

/** A filter as long as one may be, over many lines; it stands in a note beside each file. */
const longFilter = `udp port 9999${`\n${' '.repeat(59)}`.repeat(270)}`;
const payload = 1400;

const rings: readonly Ring[] = [
  { name: 'one', fileSize: '1Mi', fileCount: 1, fill: 3000 },
  { name: 'default', fileSize: '16Mi', fileCount: 8, fill: 105_000 },
  { name: 'many', fileSize: '1Mi', fileCount: 1000, fill: 735_000 },
];

interface Summary {
  readonly pods: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string };
    readonly volume?: readonly { readonly name: string; readonly usedBytes?: number }[];
  }[];
}

/** What the kubelet believes that the volumes of capture files hold, by pod. */
async function measuredByKubelet(): Promise<ReadonlyMap<string, number>> {
  const { pods } = JSON.parse(await kube(['get', '--raw', '/api/v1/nodes/node0/proxy/stats/summary'])) as Summary;
  return new Map(
    pods
      .filter(({ podRef }) => podRef.namespace === namespace)
      .map(({ podRef, volume = [] }) => [
        podRef.name,
        volume.find(({ name }) => name === 'packet-capture-files')?.usedBytes ?? 0,
      ]),
  );
}

async function bytesOnDisk(folder: string): Promise<number> {
  // Files come and go meanwhile: exit code 1.
  return Number.parseInt(
    (await run(['du', '--summarize', '--block-size=1', folder], { exitCodes: [0, 1] })).stdout,
    10,
  );
}

test('a full ring whose files all wait for an upload, with notes of the largest size, fits into the volume, and the kubelet evicts no pod', async () => {
  for (const { name, fileSize, fileCount } of rings) {
    const settings = [
      '--file-size',
      fileSize,
      '--file-count',
      String(fileCount),
      '--snaplen',
      '1500',
      '--rotate',
      '1h',
      '--upload',
      's3:nowhere/at-all',
    ];
    await injectAndApply(servingPod(namespace, name), '--image', agentImage, '--filter', longFilter, ...settings);
  }
  // What the kubelet does about a volume that is over its limit: without it this test would show nothing.
  await injectAndApply(
    servingPod(namespace, 'over'),
    '--image',
    agentImage,
    '--filter',
    'udp port 9999',
    '--file-size',
    '1Mi',
    '--file-count',
    '1',
  );
  await ready('over');
  const sites = await Promise.all(
    rings.map(async (ring) => ({
      ...ring,
      address: await ready(ring.name),
      folder: await captureFolder(namespace, ring.name),
      limit:
        parseQuantity(
          await podField(namespace, ring.name, '.spec.volumes[?(@.name=="packet-capture-files")].emptyDir.sizeLimit'),
        ) ?? 0,
    })),
  );
  const watch = await watched();
  await inSidecar('over', 'head -c 60000000 /dev/zero > /captures/too-much');

  const [measured, onDisk] = [new Map<string, number>(), new Map<string, number>()];
  const most = (map: Map<string, number>, name: string, value: number): void =>
    void map.set(name, Math.max(map.get(name) ?? 0, value));
  const look = async (): Promise<void> => {
    for (const [name, bytes] of await measuredByKubelet()) most(measured, name, bytes);
    for (const { name, folder } of sites) most(onDisk, name, await bytesOnDisk(folder));
  };
  const isFull = async ({ folder, fileCount }: (typeof sites)[number]): Promise<boolean> =>
    Number(((await readStatus(folder))?.['ring'] as { files: number } | undefined)?.files) > fileCount;
  for (const site of sites) {
    for (let more = site.fill; more > 0 && !(await isFull(site)); more = 20_000)
      await sender.send({ address: site.address, count: more, first: 0, size: payload, perSecond: 12_000 });
    await look();
  }
  // Full, and written to: the ring turns.
  for (const end = performance.now() + 1.5 * evictionSeconds * 1000; performance.now() < end;) {
    for (const { address } of sites)
      await sender.send({ address, count: 3000, first: 0, size: payload, perSecond: 3000 });
    await look();
  }
  const pending = await Promise.all(
    sites.map(
      async ({ folder }) => ((await readStatus(folder))?.['upload'] as { pending: number } | undefined)?.pending,
    ),
  );
  console.log(
    JSON.stringify(
      sites.map(({ name, limit }, index) => ({
        name,
        limit,
        onDisk: onDisk.get(name),
        measuredByKubelet: measured.get(name),
        pending: pending[index],
      })),
    ),
  );
  const harm = watch.harm();
  expect(harm.filter((line) => line.startsWith('over: Failed Evicted'))).toHaveLength(1);
  expect(harm.filter((line) => !line.startsWith('over:'))).toEqual([]);
  expect(watch.sidecarRestarts()).toBe(0);
  for (const { name, limit, fileSize, fileCount } of sites) {
    expect(onDisk.get(name), name).toBeLessThan(limit);
    // It was filled, and the kubelet saw it.
    expect(measured.get(name), name).toBeGreaterThan(0.9 * fileCount * (parseQuantity(fileSize) ?? 0));
  }
});
