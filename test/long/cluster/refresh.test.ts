import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, inject, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { pidOf } from '../../../scripts/cluster/components.ts';
import type { UpdatePodsResult } from '../../../src/captures/index.ts';
import { pauseDeployment } from '../../support/cluster/apps.ts';
import { agentImage, cli, kube } from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';

const node = inject('node');
const shop = useNamespace('refresh');
const inShop = ['-n', shop];

/** Pods of each kind; each round changes the annotations of all of them. */
const replicas = 10;
const rounds = Number(process.env['PACKET_CAPTURE_REFRESH_ROUNDS'] ?? 50);
/**
 * A change that takes longer was overlooked by the kubelet, and arrives at its next sync, 60 to 90 s after the previous
 * one.
 */
const lateSeconds = 5;
const kinds = ['upload', 'plain'] as const;
type Kind = (typeof kinds)[number];

interface Pod {
  readonly name: string;
  readonly uid: string;
}

interface Figures {
  /** Seconds from a change until it is in the pod's file, for changes that were not late. */
  readonly soon: number[];
  /** The same for late changes without a second annotation. */
  readonly late: number[];
  /** Seconds from the second annotation, for late changes that got one after {@link lateSeconds}. */
  readonly refreshed: number[];
}

const pods = {} as Record<Kind, readonly Pod[]>;
let kubelet: number | undefined;

beforeAll(async () => {
  await Promise.all(kinds.map(makePods));
  kubelet = await pidOf(node, { name: 'kubelet', program: 'kubelet' });
});

interface PodTemplate {
  readonly spec: {
    readonly template: {
      readonly spec: { initContainers: { volumeMounts: { name: string }[] }[]; volumes: { name: string }[] };
    };
  };
}

async function makePods(kind: Kind): Promise<void> {
  const deployment = pauseDeployment(shop, kind, replicas);
  const { stdout, stderr } = await cli(['inject', '-f', '-', '--image', agentImage, '--state', 'idle'], deployment);
  const injected = parseAllDocuments(stdout)[0]?.toJS() as PodTemplate;
  const { spec } = injected.spec.template;
  expect(
    spec.volumes.map(({ name }) => name),
    stderr,
  ).toContain('packet-capture-upload');
  if (kind === 'plain') {
    const isOther = ({ name }: { name: string }): boolean => name !== 'packet-capture-upload';
    spec.volumes = spec.volumes.filter(isOther);
    for (const container of spec.initContainers) container.volumeMounts = container.volumeMounts.filter(isOther);
  }
  await kube(['apply', '-f', '-'], JSON.stringify(injected));
  await kube(['rollout', 'status', `deploy/${kind}`, ...inShop, '--timeout=180s']);
  const list = await kube([
    'get',
    'pods',
    ...inShop,
    '-l',
    `app=${kind}`,
    '-o',
    'jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}{"\\n"}{end}',
  ]);
  pods[kind] = list
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([name = '', uid = '']) => ({ name, uid }));
  expect(pods[kind]).toHaveLength(replicas);
}

/** Reads a setting in the kubelet's own mounts, so without a process in the pod. */
async function settingInPod({ uid }: Pod, setting: string): Promise<string> {
  const volume = join(
    node.stateDir,
    'kubelet',
    'pods',
    uid,
    'volumes',
    'kubernetes.io~downward-api',
    'packet-capture-settings',
  );
  return readFile(join('/proc', String(kubelet), 'root', volume, setting), 'utf8');
}

async function secondsUntil(pod: Pod, value: string, since: number, atMost: number): Promise<number | undefined> {
  for (;;) {
    const seconds = (performance.now() - since) / 1000;
    if ((await settingInPod(pod, 'rotate')) === value) return seconds;
    if (seconds > atMost) return undefined;
    await sleep(20);
  }
}

/** Changes all pods of a kind at once; in every second round, late changes get a second annotation. */
async function changeAll(kind: Kind, round: number, { soon, late, refreshed }: Figures): Promise<void> {
  const value = `${60 + round}s`;
  const since = performance.now();
  const changed = kube([
    'annotate',
    'pods',
    ...inShop,
    '-l',
    `app=${kind}`,
    `packet-capture/rotate=${value}`,
    '--overwrite',
  ]);
  await Promise.all(
    pods[kind].map(async (pod) => {
      const seconds = await secondsUntil(pod, value, since, lateSeconds);
      if (seconds !== undefined) {
        soon.push(seconds);
        return;
      }
      const again = performance.now();
      const asked = round % 2 === 1;
      if (asked) await kube(['annotate', 'pod', ...inShop, pod.name, `packet-capture/refresh=${round}`, '--overwrite']);
      const lateBy = await secondsUntil(pod, value, asked ? again : since, 150);
      expect(lateBy, `${pod.name} does not get its change`).toBeDefined();
      (asked ? refreshed : late).push(lateBy ?? 0);
    }),
  );
  await changed;
}

function parts(seconds: readonly number[]): object {
  const sorted = seconds.toSorted((a, b) => a - b);
  const part = (share: number): number => rounded(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { median: part(0.5), p99: part(0.99), longest: part(1) };
}

function rounded(seconds: number): number {
  return Number(seconds.toFixed(2));
}

test('a changed annotation reaches the pod; one that the kubelet missed arrives soon after a second annotation', async () => {
  const figures: Record<Kind, Figures> = {
    upload: { soon: [], late: [], refreshed: [] },
    plain: { soon: [], late: [], refreshed: [] },
  };
  // The kubelet overlooks some in a hundred changes: go on until one got a second annotation.
  const refreshedCount = (): number => kinds.reduce((sum, kind) => sum + figures[kind].refreshed.length, 0);
  for (let round = 0; round < rounds || (refreshedCount() === 0 && round < 10 * rounds); round += 1) {
    for (const kind of round % 2 === 0 ? kinds : kinds.toReversed()) await changeAll(kind, round, figures[kind]);
  }
  for (const kind of kinds) {
    const { soon, late, refreshed } = figures[kind];
    console.log(
      JSON.stringify({
        kind,
        changes: soon.length + late.length + refreshed.length,
        soon: parts(soon),
        late: late.map(rounded),
        refreshed: refreshed.map(rounded),
      }),
    );
  }
  expect(refreshedCount(), 'no change was late, so none got a second annotation').toBeGreaterThan(0);
  for (const kind of kinds) for (const seconds of figures[kind].refreshed) expect(seconds).toBeLessThan(lateSeconds);
});

test('each time `start` is called for ten pods, every agent confirms it', async () => {
  const times: number[] = [];
  let refreshed = 0;
  for (let round = 0; round < rounds; round += 1) {
    const since = performance.now();
    const { exitCode, stdout, stderr } = await cli([
      'start',
      'deploy/upload',
      ...inShop,
      '--filter',
      `udp port ${10_000 + round}`,
      '-o',
      'json',
    ]);
    times.push((performance.now() - since) / 1000);
    expect(exitCode, stderr).toBe(0);
    expect((JSON.parse(stdout) as UpdatePodsResult).pods.map(({ result }) => result)).toEqual(
      Array.from({ length: replicas }, () => 'confirmed'),
    );
    refreshed += stderr.split('\n').filter((line) => line.includes('asking the kubelet again')).length;
  }
  console.log(JSON.stringify({ starts: rounds, pods: replicas, refreshed, ...parts(times) }));
  expect(Math.max(...times)).toBeLessThan(20);
});
