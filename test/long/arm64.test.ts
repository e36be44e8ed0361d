import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { capturePackages, ensurePackages } from '../../scripts/cluster/requirements.ts';
import { writeReleaseImage } from '../../scripts/release/oci/releaseImages.ts';
import { captureCommand } from '../../src/captures/stream/podCapture.ts';
import { agentVariables, settings as allSettings, volumeBytes, type SettingValues } from '../../src/settings/index.ts';
import { version } from '../../src/version.ts';
import { countPackets, tshark } from '../support/agent/captureFile.ts';
import { go } from '../support/agent/goTools.ts';
import { imageLayers } from '../support/long/emulatedImage.ts';
import {
  ensureMachineParts,
  runInMachine,
  testInMachine,
  type MachineParts,
  type MachinePlan,
  type MachineReport,
} from '../support/long/emulatedMachine.ts';

const origin = { commit: { hash: '0123456789abcdef0123456789abcdef01234567', seconds: 1_800_000_000 } };
const [udpPort, otherPort, tcpPort, metricsPort] = [9999, 7000, 8080, 9464];
const filters = [
  `udp port ${udpPort} or tcp port ${tcpPort}`,
  `(udp dst port ${udpPort} or tcp port ${tcpPort}) and host 127.0.0.1`,
] as const;

/** A file for every setting, empty where there is no annotation, as the kubelet writes them. */
const annotations = (values: SettingValues): SettingValues => ({
  ...Object.fromEntries(allSettings.map(({ name }) => [name, ''])),
  ...values,
});

const plan: MachinePlan = {
  environment: [
    'POD_NAMESPACE=shop',
    'POD_NAME=web-1',
    'NODE_NAME=node0',
    `${agentVariables.sizeLimit}=${volumeBytes({})}`,
    `${agentVariables.metrics}=:${metricsPort}`,
  ],
  settings: annotations({ interfaces: 'lo', filter: filters[0] }),
  changed: annotations({ interfaces: 'lo', filter: filters[1] }),
  count: 400,
  perSecond: 400,
  udpPort,
  otherPort,
  tcpPort,
  stream: captureCommand({ interfaces: 'lo', snaplen: '0', filter: `udp port ${udpPort}` }),
  order: JSON.stringify({ filter: `udp port ${otherPort}` }),
  steered: 100,
  metrics: `http://127.0.0.1:${metricsPort}/metrics`,
};

let folder = '';
let parts: MachineParts;
let report: MachineReport;
let started = 0;
/** The agent's files in their order, the stream, and how many packets the files hold. */
const files: string[] = [];
let stream = '';
let packets = 0;
/** The number of the last packet to either UDP port. */
let last = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-arm64-'));
  await ensurePackages(capturePackages, stderrProgress);
  const layout = await writeReleaseImage('agent', join(folder, 'agent'), origin, stderrProgress);
  const [layer = ''] = await imageLayers(layout, 'linux/arm64');
  parts = await ensureMachineParts(join(folder, 'parts'));
  started = Date.now() / 1000;
  report = await runInMachine(join(folder, 'machine'), parts, layer, plan);
  stderrProgress(`a machine of arm64: ${Math.round(Date.now() / 1000 - started)} s; ${JSON.stringify(report.took)}`);
  for (const [name, content] of Object.entries(report.files).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    files.push(join(folder, name));
    await writeFile(join(folder, name), Buffer.from(content, 'base64'));
  }
  stream = join(folder, 'stream');
  await writeFile(stream, Buffer.from(report.stream.capture, 'base64'));
  for (const file of files) packets += await countPackets(file);
  last = report.sent + plan.steered;
}, 1_800_000);

afterAll(async () => rm(folder, { recursive: true }));

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** The numbers of a file's packets to a UDP port, in the order of the file. */
async function udpNumbers(file: string, port: number): Promise<number[]> {
  const rows = await tshark(file, 'udp.dstport', 'udp.payload');
  return rows
    .filter(([to]) => to === String(port))
    .map(([, payload = '']) => Number.parseInt(payload.replaceAll(':', '').slice(0, 8), 16));
}

async function inFiles<T>(read: (file: string) => Promise<readonly T[]>): Promise<T[]> {
  const rows: T[] = [];
  for (const file of files) rows.push(...(await read(file)));
  return rows;
}

test('a machine of arm64 runs the agent of the release, which ends well at SIGTERM', () => {
  expect(report.kernel).toMatch(/^\d+\.\d+\.\S+ aarch64$/);
  expect(report.version).toContain(version);
  expect(report).toMatchObject({ noise: '', exitCode: 0 });
  const events = report.events.map((line) => (JSON.parse(line) as { event: string }).event);
  expect(events).toEqual(['started', 'settings changed', 'file closed', 'started', 'file closed', 'stopped']);
});

test('its files have every numbered packet of UDP once, also over a change of the filter', async () => {
  expect(report.received).toEqual({ [udpPort]: last, [otherPort]: last });
  expect(await inFiles((file) => udpNumbers(file, udpPort))).toEqual(numbers(1, last));
  // The change came in the midst of them.
  const [before = '', after = ''] = files;
  expect((await udpNumbers(before, udpPort)).length).toBeGreaterThanOrEqual(plan.count);
  expect((await udpNumbers(after, udpPort))[0]).toBeLessThan(report.sent);
});

test('its files have every message over TCP in both directions, and no segment twice', async () => {
  const segments = await inFiles((file) =>
    tshark(file, 'tcp.dstport', 'tcp.payload', 'ip.id', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.flags', 'tcp.srcport'),
  );
  const tcp = segments.filter(([to = '']) => to !== '');
  expect(new Set(tcp.map((row) => row.join(' '))).size).toBe(tcp.length);
  for (const isThere of [true, false]) {
    const said = tcp
      .filter(([to, payload]) => payload !== '' && (to === String(tcpPort)) === isThere)
      .map(([, payload = '']) => Number(Buffer.from(payload.replaceAll(':', ''), 'hex').toString()));
    expect([...new Set(said)]).toEqual(numbers(1, plan.count));
  }
});

test('its files have nothing but what the filters select, which its tcpdump has compiled', async () => {
  const rows = await inFiles((file) => tshark(file, 'udp.dstport', 'tcp.srcport', 'tcp.dstport'));
  expect(rows).toHaveLength(packets);
  const others = rows.filter(([udp, ...tcp]) => udp !== String(udpPort) && !tcp.includes(String(tcpPort)));
  expect(others).toEqual([]);
});

test('each file is whole, names the interface and the pod, and its times rise within the time of the run', async () => {
  for (const [at, file] of files.entries()) {
    const { exitCode, stderr } = await run(['tshark', '-n', '-r', file, '-w', '/dev/null']);
    expect({ exitCode, said: stderr.replace(/^Running as user.*\n?/m, '') }).toEqual({ exitCode: 0, said: '' });
    const rows = await tshark(file, 'frame.interface_name', 'frame.interface_description', 'frame.time_epoch');
    expect(new Set(rows.map(([name, description]) => `${name} ${description}`))).toEqual(
      new Set(['lo shop/web-1 node=node0']),
    );
    const times = rows.map(([, , time]) => Number(time));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    // The machine's clock has whole seconds at its start.
    expect(times[0]).toBeGreaterThan(started - 2);
    expect(times.at(-1)).toBeLessThan(Date.now() / 1000 + 2);
    const { stdout } = await run(['capinfos', '-k', file]);
    expect(stdout).toContain(JSON.stringify(filters[at]).slice(1, -1));
  }
});

test('events, status and metrics count the packets that tshark counts, and none dropped', () => {
  const events = report.events.map((line) => JSON.parse(line) as Record<string, unknown>);
  const closed = events.filter(({ event }) => event === 'file closed');
  expect(closed.reduce((sum, { packets: count }) => sum + Number(count), 0)).toBe(packets);
  expect(closed.map(({ dropped }) => dropped)).toEqual([0, 0]);
  expect(events.at(-1)).toMatchObject({ event: 'stopped', files: 2, packets, dropped: 0 });
  expect(JSON.parse(report.status)).toMatchObject({
    version,
    state: 'capturing',
    interfaces: ['lo'],
    filter: filters[1],
    packets,
    dropped: { kernel: 0, queue: 0, interface: 0 },
  });
  expect(report.metrics).toMatch(/^200 OK\n/);
  expect(report.metrics).toContain(`\npacket_capture_packets_total ${packets}\n`);
  expect(report.metrics).toContain('\npacket_capture_dropped_packets_total{by="kernel"} 0\n');
  expect(report.metrics).toContain('\npacket_capture_state{state="capturing"} 1\n');
});

test('a capture to standard output has every packet once before and after it is moved to another filter', async () => {
  expect(await udpNumbers(stream, udpPort)).toEqual(numbers(1, report.sent));
  expect(await udpNumbers(stream, otherPort)).toEqual(numbers(report.sent + 1, last));
  expect(await countPackets(stream)).toBe(last);
  const { exitCode, said } = report.stream;
  expect(exitCode).toBe(0);
  const [answer = '', end = ''] = said;
  expect(JSON.parse(answer)).toMatchObject({ counts: [{ interface: 'lo', packets: report.sent, dropped: 0 }] });
  expect(JSON.parse(end)).toEqual({ interface: 'lo', packets: last, dropped: 0 });
});

/**
 * Two leave packets in the kernel's ring for as long as sending thousands of them takes: the ring lasts a second at
 * most (docs/agent.md), and an emulated machine sends more slowly. The others compare times with tcpdump's to the
 * millisecond.
 */
const tooSlow = [
  'capture TestBarrier',
  'capture TestACrowdedSourceDoesNotWait',
  'capture TestAsTcpdump',
  'capture TestAnyAsTcpdump',
  'capture TestLinkTypesAsTcpdump',
];

test('the packages of the agent that need packet sockets and the kernel pass their tests for arm64', async () => {
  const packages = ['links', 'mirror', 'streamcapture', 'traffic', 'capture'];
  const listed = await Promise.all(packages.map(async (name) => testsOf(name)));
  const all = packages.flatMap((name, index) => (listed[index] ?? []).map((one) => `${name} ${one}`));
  expect(all).toEqual(expect.arrayContaining(tooSlow));
  const tests = Object.fromEntries(
    packages.map((name, index) => [name, (listed[index] ?? []).filter((one) => !tooSlow.includes(`${name} ${one}`))]),
  );
  const results = await testInMachine(join(folder, 'tests'), parts, tests);
  for (const [name, names] of Object.entries(tests)) {
    const { exitCode, output = '' } = results[name] ?? {};
    stderrProgress(
      `${name}: ${output.match(/^--- PASS/gm)?.length} passed, ${output.match(/^\s*--- SKIP.*$/gm)?.join()}`,
    );
    expect(exitCode, output).toBe(0);
    expect(names).not.toEqual([]);
    const ended = [...output.matchAll(/^--- (?:PASS|SKIP): (\w+) /gm)].map(([, one = '']) => one);
    expect(ended.toSorted()).toEqual(names.toSorted());
  }
  expect(results['capture']?.output).toContain('--- PASS: TestSetFilterLosesNothing ');
});

/** The names of a package's tests. */
async function testsOf(name: string): Promise<string[]> {
  const { exitCode, stdout, stderr } = await go(['go', 'test', '-list', '^Test', `./internal/${name}`]);
  expect(exitCode, stderr).toBe(0);
  return stdout.split('\n').filter((line) => line.startsWith('Test'));
}
