import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
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
import { exitCode, startStream } from '../support/cluster/streaming.ts';
import { patienceMs } from '../support/patience.ts';

const node = inject('node');
const shop = useNamespace('stream');
const port = 40_000;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-stream-'));
  // Idle: what captures in these pods is what the test has started.
  await injectAndApply(pauseDeployment(shop, 'web', 2), '--image', agentImage, '--state', 'idle');
  await kube(['rollout', 'status', '-n', shop, 'deploy/web', '--timeout=240s']);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function podNames(): Promise<string[]> {
  const list = await kube([
    'get',
    'pods',
    '-n',
    shop,
    '-l',
    'app=web',
    '--field-selector=status.phase=Running',
    '-o',
    'jsonpath={range .items[*]}{.metadata.name}:{.metadata.deletionTimestamp} {end}',
  ]);
  return list
    .trim()
    .split(/\s+/)
    .filter((item) => item.endsWith(':'))
    .map((item) => item.slice(0, -1));
}

/** Sends so many numbered datagrams to a pod, twenty a second unless told otherwise. */
async function send(pod: string, count: number, gapMs = 50): Promise<void> {
  await sendDatagrams(await podField(shop, pod, '.status.podIP'), port, count, gapMs);
}

/** The device, the time and the payload of each datagram in a file, which may still grow. */
async function datagramsIn(file: string): Promise<string[][]> {
  return tshark(
    file,
    ['frame.interface_name', 'frame.time_epoch', 'udp.payload'],
    `udp.dstport == ${port} and not icmp`,
  );
}

const of = (rows: readonly string[][], pod: string): string[][] =>
  rows.filter(([name]) => name === `${shop}/${pod}:eth0`);

const received = async (file: string, pod: string): Promise<string[][]> => of(await datagramsIn(file), pod);

/** The processes in the agent's container of a pod, without the one that lists them. */
async function processes(pod: string): Promise<string[]> {
  const list = await kube(['exec', '-n', shop, pod, '-c', 'packet-capture', '--', 'ps', '-o', 'args']);
  return list
    .split('\n')
    .filter((line) => line !== '' && line !== 'COMMAND' && !line.startsWith('ps ') && !line.startsWith('['));
}

test('two pods and the successor of one are in one capture, in order of time; Ctrl-C ends it and leaves nothing', async () => {
  const before = await podNames();
  const [first = '', second = ''] = before;
  const alone = await processes(first);
  const file = join(folder, 'web.pcapng');
  const streaming = await startStream(node, shop, file, 'deploy/web');
  await Promise.all(before.map(async (pod) => streaming.says(`${shop}/${pod}: joined`)));
  await Promise.all([send(first, 40), send(second, 40)]);
  // The pod ends at once, and what it has not sent by then is lost.
  await expect.poll(async () => (await received(file, second)).length).toBe(40);
  await kube(['delete', 'pod', '-n', shop, second, '--wait=false']);
  await streaming.says(`${shop}/${second}: left`);
  let successor: string | undefined;
  for (const end = performance.now() + patienceMs; successor === undefined; await sleep(200)) {
    expect(performance.now()).toBeLessThan(end);
    successor = (await podNames()).find((pod) => !before.includes(pod));
  }
  await streaming.says(`${shop}/${successor}: joined`);
  expect((await processes(first)).length).toBeGreaterThan(alone.length);
  // At once, up to the end: what was sent as the last is to be in it too.
  await Promise.all([send(first, 40, 0), send(successor, 40, 0)]);
  streaming.child.kill('SIGINT');
  expect(await exitCode(streaming.child), streaming.said()).toBe(130);
  for (const pod of [first, successor]) await expect.poll(async () => processes(pod)).toEqual(alone);

  // An ICMP answer repeats what it answers.
  const rows = await datagramsIn(file);
  const numbered = (pod: string): string[] =>
    of(rows, pod).map(([, , payload = '']) => Buffer.from(payload, 'hex').toString().trim());
  const datagrams = Array.from({ length: 40 }, (_, index) => `datagram ${index + 1}`);
  expect(numbered(first)).toEqual([...datagrams, ...datagrams]);
  expect(numbered(second)).toEqual(datagrams);
  expect(numbered(successor)).toEqual(datagrams);
  expect(rows).toHaveLength(160);
  // To the nanosecond, but for those that took longer than the window on their way, which are counted. As text, since
  // such a number has too many digits.
  const times = rows.map(([, time = '']) => time);
  const late = Number(/^(\d+) packets? arrived more than 200 ms late/m.exec(streaming.said())?.[1] ?? 0);
  expect(times.filter((time, index) => index > 0 && time < (times[index - 1] ?? '')).length).toBeLessThanOrEqual(late);
  // The one that was deleted could not say it any more.
  expect(streaming.said()).toContain('1 capture ended with the pod or was killed');
  // The streams themselves come by the container runtime, not by the pod's network.
  expect(await tshark(file, ['tcp.stream'], 'tcp')).toEqual([]);
  const { stderr } = await run(['tshark', '-r', file]);
  expect(stderr.replace(/^Running as user "root".*$/m, '').trim()).toBe('');
});

test('it ends when its reader has gone, after its duration, and when it is killed; the pods do not change', async () => {
  const [pod = ''] = await podNames();
  const alone = await processes(pod);
  const target = `pod/${pod}`;
  const read = await startStream(node, shop, join(folder, 'closed.pcapng'), target);
  await read.says('joined');
  read.child.stdout?.destroy();
  await send(pod, 2);
  expect(await exitCode(read.child), read.said()).toBe(0);

  const file = join(folder, 'short.pcapng');
  const timed = await cli([
    'stream',
    '-n',
    shop,
    '-l',
    'app=web',
    '-o',
    file,
    '--duration',
    '2s',
    '--filter',
    'tcp',
    '--snaplen',
    '96',
  ]);
  expect(timed.exitCode, timed.stderr).toBe(0);
  expect((await run(['capinfos', '-T', '-r', '-I', '-c', file])).stdout).toBe(`${file}\t0`);
  const refused = await cli([
    'stream',
    '-n',
    shop,
    target,
    '--filter',
    'tcp port eighty',
    '-o',
    join(folder, 'refused.pcapng'),
  ]);
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining("unknown port 'eighty'")]);

  const killed = await startStream(node, shop, join(folder, 'killed.pcapng'), target);
  await killed.says('joined');
  killed.child.kill('SIGKILL');
  await expect.poll(async () => processes(pod)).toEqual(alone);
});
