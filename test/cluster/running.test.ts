import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { clusterEnvironment } from '../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../scripts/cluster/machine.ts';
import type { DownloadResult } from '../../src/captures/download/index.ts';
import type { StatusResult, UpdatePodsResult } from '../../src/captures/index.ts';
import { pauseDeployment } from '../support/cluster/apps.ts';
import {
  agentImage,
  cli,
  injectAndApply,
  kube,
  podField,
  sendDatagrams,
  tshark,
} from '../support/cluster/clusterFixture.ts';
import { useNamespace } from '../support/cluster/namespace.ts';

const node = inject('node');
const shop = useNamespace('running');
const inShop = ['-n', shop];
const port = 9999;
let folder: string;
let environment: Readonly<Record<string, string>>;
let pods: readonly string[];
let addresses: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-running-'));
  environment = await clusterEnvironment(node);
  await kube(['apply', '-f', '-'], pauseDeployment(shop, 'bare', 1));
  await injectAndApply(pauseDeployment(shop, 'web', 2), '--image', agentImage, '--state', 'idle');
  await kube(['rollout', 'status', 'deploy/web', ...inShop, '--timeout=240s']);
  pods = (await kube(['get', 'pods', ...inShop, '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}']))
    .split(' ')
    // In the order of the commands' reports, in which web-2 stands before web-10.
    .toSorted((one, other) => one.localeCompare(other, 'en', { numeric: true }));
  addresses = await Promise.all(pods.map(async (pod) => podField(shop, pod, '.status.podIP')));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Runs the command line, expects its exit code, and gives its report. */
async function run(
  exitCode: number,
  ...args: readonly string[]
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const result = await cli([...args, ...inShop]);
  expect(result.exitCode, `${args.join(' ')}\n${result.stderr}`).toBe(exitCode);
  return result;
}

async function json<T>(...args: readonly string[]): Promise<T> {
  return JSON.parse((await run(0, ...args)).stdout) as T;
}

/** The command line, for what has to be interrupted. */
function begin(...args: readonly string[]): ChildProcessByStdio<null, Readable, null> {
  const [program = '', ...more] = inNetns(node.netns, [process.execPath, 'bin/packet-capture.js', ...args, ...inShop]);
  return spawn(program, more, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'ignore'] });
}

async function sendToAll(count: number): Promise<void> {
  await Promise.all(addresses.map(async (address) => sendDatagrams(address, port, count)));
}

/** The numbers of the datagrams in a file. */
async function numbers(file: string): Promise<number[]> {
  const rows = await tshark(file, ['udp.payload'], `udp.dstport == ${port}`);
  return rows.map(([payload = '']) => Number(Buffer.from(payload, 'hex').toString().replace('datagram ', '')));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test('a capture is started, listed, stopped and downloaded: it has every packet of every pod once', async () => {
  // A pod is available as soon as its containers run; the first word of an agent comes a little later.
  const states = async (): Promise<unknown> => {
    const { stdout } = await cli(['status', 'deploy/web', '-o', 'json', ...inShop]);
    return (JSON.parse(stdout) as StatusResult).pods.map(({ pod, status }) => [pod, status?.state]);
  };
  await expect.poll(states).toEqual(pods.map((pod) => [pod, 'idle']));

  const { stderr } = await run(0, 'start', 'deploy/web', '--filter', `udp port ${port}`, '--rotate', '1s');
  for (const pod of pods) {
    expect(stderr).toContain(
      `${shop}/${pod}: state idle → running, filter default → "udp port ${port}", rotate default → 1s\n`,
    );
    expect(stderr).toContain(`${shop}/${pod}: capturing on eth0: udp port ${port}\n`);
  }
  expect(stderr).toContain('2 pods: 2 confirmed');
  await sendToAll(200);
  await sleep(1500);
  await sendToAll(200);

  const stopped = await json<UpdatePodsResult>('stop', 'deploy/web', '-o', 'json');
  expect(stopped.pods).toMatchObject(
    pods.map((pod) => ({
      pod,
      result: 'confirmed',
      agent: 'idle',
      changes: [{ setting: 'state', old: 'running', new: 'idle' }],
    })),
  );
  const { stdout: table } = await run(0, 'status', '-l', 'app=web');
  const rows = table.split('\n').map((line) => line.split(/ {2,}/));
  expect(rows[0]).toEqual([
    'POD',
    'STATE',
    'FILTER',
    'FILES',
    'PACKETS',
    'BYTES',
    'DROPPED',
    'BACKLOG',
    'VERSION',
    'LAST ERROR',
  ]);
  for (const [index, pod] of pods.entries())
    expect(rows[index + 1]).toMatchObject({ 0: pod, 1: 'idle', 2: `udp port ${port}`, 4: '400', 6: '0' });

  const merged = join(folder, 'all.pcapng');
  const fetched = await json<DownloadResult>('download', 'deploy/web', '-o', folder, '--merge', merged, '-o', 'json');
  expect(fetched.files.every(({ result }) => result === 'downloaded')).toBe(true);
  for (const pod of pods) {
    const paths = fetched.files.filter((file) => file.pod === pod).map(({ path }) => path ?? '');
    expect(paths.length).toBeGreaterThanOrEqual(2);
    const seen = (await Promise.all(paths.map(numbers))).flat();
    expect(seen.toSorted((a, b) => a - b)).toEqual(upTo(200).flatMap((number) => [number, number]));
  }
  const frames = await tshark(merged, ['frame.interface_name', 'frame.time_epoch', 'ip.dst']);
  expect(frames).toHaveLength(800);
  const times = frames.map(([, time]) => Number(time));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  for (const [name, , address] of frames)
    expect(name).toBe(`${shop}/${pods[addresses.indexOf(address ?? '')] ?? ''}:eth0`);

  const again = await json<DownloadResult>('download', '-l', 'app=web', '-o', folder, '--json');
  expect(again.files.map(({ result }) => result)).toEqual(fetched.files.map(() => 'present'));
});

test('a download that was killed continues where it ended', async () => {
  const [pod = ''] = pods;
  const size = 40_000_000;
  const inPod = async (script: string): Promise<string> =>
    kube(['exec', ...inShop, pod, '-c', 'packet-capture', '--', 'sh', '-c', script]);
  await inPod(`head -c ${size} /dev/urandom > /captures/large.pcapng`);
  const part = join(folder, pod, 'large.pcapng.part');
  // Again when it has ended before it could be killed.
  for (let isKilled = false; !isKilled;) {
    await rm(join(folder, pod, 'large.pcapng'), { force: true });
    const first = begin('download', pod, '-o', folder);
    const ended = once(first, 'exit');
    while (first.exitCode === null && (await stat(part).catch(() => ({ size: 0 }))).size < 1_000_000) await sleep(5);
    first.kill('SIGKILL');
    isKilled = isDeepStrictEqual(await ended, [null, 'SIGKILL']);
  }
  const { size: received } = await stat(part);
  expect(received).toBeLessThan(size);
  expect(await readdir(join(folder, pod))).not.toContain('large.pcapng');

  await expect.poll(async () => inPod('ps -o args')).not.toContain('/captures/large');

  const { stderr } = await run(0, 'download', pod, '-o', folder);
  expect(stderr).toContain('large.pcapng: downloaded the rest');
  const content = await readFile(join(folder, pod, 'large.pcapng'));
  expect(content).toHaveLength(size);
  expect(createHash('sha256').update(content).digest('hex')).toBe(
    (await inPod('busybox sha256sum /captures/large.pcapng; rm /captures/large.pcapng')).split(' ')[0],
  );
  expect(await readdir(join(folder, pod))).not.toContain('large.pcapng.part');
});

describe('exit codes', () => {
  test('1 when no pod has the sidecar or there is no pod; the message says what to do', async () => {
    for (const command of ['start', 'status']) {
      const { stderr } = await run(1, command, 'deploy/bare');
      expect(stderr).toMatch(/error NOT_CAPTURED: no pod has the sidecar: .*\/bare-/);
      expect(stderr).toContain('packet-capture patch');
    }
    expect((await run(1, 'status', 'deploy/none')).stderr).toContain('error NOT_FOUND');
    expect((await run(1, 'stop', '-l', 'app=none')).stderr).toContain('there is no living pod');
  });

  test('1 at once when an agent refuses, with its own words; the other agents get the change', async () => {
    // Who waits for the end of the time does not have these words.
    const { stderr } = await run(1, 'start', '-l', 'app in (web,bare)', '--filter', 'tcp prt 80', '--timeout', '10m');
    for (const pod of pods) expect(stderr).toMatch(new RegExp(`${pod}: it refuses: filter: .*syntax error`));
    expect(stderr).toContain('2 of 2 pods have not confirmed the change');
    expect(stderr).toMatch(/left out, without the sidecar: .*\/bare-/);
    const { stdout } = await run(0, 'status');
    const rows = stdout.split('\n').slice(1);
    expect(rows).toHaveLength(pods.length);
    for (const row of rows) expect(row).toMatch(/ invalid .*filter: .*syntax error$/);
  });
});

test('a capture that has ended by itself starts again; --watch prints a line for each change', async () => {
  const [pod = ''] = pods;
  const [address = ''] = addresses;
  await run(0, 'start', pod, '--filter', `udp port ${port}`, '--packet-count', '5');
  const watching = begin('status', pod, '--watch');
  await sendDatagrams(address, port, 20, 10);
  const lines: string[] = [];
  const ended = once(watching, 'exit');
  for await (const line of createInterface(watching.stdout)) {
    lines.push(line);
    if (line.includes('"reason":"packet-count"')) break;
    expect(lines.length).toBeLessThan(100);
  }
  watching.kill('SIGINT');
  expect(await ended).toEqual([130, null]);

  const { stderr } = await run(0, 'start', pod);
  expect(stderr).toContain('its capture has ended (packet-count); starting it again');
  expect(stderr).toContain(`${pod}: capturing on eth0: udp port ${port}`);
  // An empty value goes back to the default.
  expect((await run(0, 'start', pod, '--packet-count', '', '--rotate', '')).stderr).toContain(
    'rotate 1s → default, packet-count 5 → default',
  );
  await sendDatagrams(address, port, 20);
  // The agent writes them a moment later.
  const open = async (): Promise<readonly (readonly number[])[]> => {
    const into = await mkdtemp(join(folder, 'open-'));
    const { files } = await json<DownloadResult>('download', pod, '-o', into, '--open', '--json');
    const paths = files.flatMap(({ path }) => (path?.endsWith('.open.pcapng') === true ? [path] : []));
    return Promise.all(paths.map(numbers));
  };
  await expect.poll(open).toEqual([upTo(20)]);
});

test('a mirror needs a container from the creation of the pod: this is reported for each pod, before a template is changed', async () => {
  const mirrored = ['start', 'deploy/web', '--mirror', 'vxlan://10.0.0.9'];
  const { stderr } = await run(1, ...mirrored, '--wait=false');
  for (const pod of pods)
    expect(stderr).toContain(`${shop}/${pod}: no mirror: it has no container packet-capture-mirror. `);
  expect(stderr).toContain('error CAPTURE_UNCONFIRMED: 2 of 2 pods have not confirmed the change');
  const refused = (await run(1, ...mirrored, '--persist')).stderr;
  expect(refused).toMatch(
    /error NOT_INJECTABLE: its pod template has the sidecar without the container packet-capture-mirror\n.*\n.*patch deploy\/web -n \S+ --mirror '?vxlan:\/\/10\.0\.0\.9/,
  );
  const { stdout } = await run(0, 'why', pods[0] ?? '');
  expect(stdout).toMatch(/✗ it has no container packet-capture-mirror: [\s\S]*unpatch deployment\/web/);
  await run(0, 'start', 'deploy/web', '--mirror', '', '--wait=false');
});

test('--persist is for later pods, and says that it replaces the present ones', async () => {
  const template = async (): Promise<Record<string, string>> =>
    JSON.parse(
      await kube(['get', 'deploy/web', ...inShop, '-o', 'jsonpath={.spec.template.metadata.annotations}']),
    ) as Record<string, string>;
  const before = await template();
  await run(0, 'start', 'deploy/web', '--snaplen', '96', '--persist', '--dry-run');
  expect(await template()).toEqual(before);
  const { stderr } = await run(
    0,
    'start',
    'deploy/web',
    '--snaplen',
    '96',
    '--filter',
    '',
    '--packet-count',
    '',
    '--persist',
    '--wait=false',
  );
  expect(stderr).toContain(`deployment/web in namespace ${shop}: 2 pods will restart, a few at a time`);
  expect(await template()).toEqual({ ...before, 'packet-capture/snaplen': '96', 'packet-capture/state': 'running' });
});

test('a workload has its own pods alone, even when its selector fits those of another one', async () => {
  const stable = pauseDeployment(shop, 'store', 1);
  const canary = pauseDeployment(shop, 'store-canary', 2).replaceAll(
    '{app: store-canary}',
    '{app: store, track: canary}',
  );
  await Promise.all([stable, canary].map(async (manifest) => injectAndApply(manifest, '--image', agentImage)));
  for (const name of ['store', 'store-canary'])
    await kube(['rollout', 'status', `deploy/${name}`, ...inShop, '--timeout=240s']);
  const names = async (...target: readonly string[]): Promise<string[]> =>
    (await json<StatusResult>('status', ...target, '-o', 'json')).pods.map(({ pod }) => pod);
  expect(await names('-l', 'app=store')).toHaveLength(3);
  expect(await names('deploy/store')).toEqual([expect.stringMatching(/^store-(?!canary)/)]);
  const two = [expect.stringMatching(/^store-canary-/), expect.stringMatching(/^store-canary-/)];
  expect(await names('deploy/store-canary')).toEqual(two);
  expect((await run(0, 'why', 'deploy/store')).stdout).toContain('1 of its 1 pods have the sidecar\n');
});
