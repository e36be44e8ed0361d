import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureBucketServer } from '../../scripts/cluster/tools.ts';
import type { SettingValues } from '../../src/settings/index.ts';
import type { Agent } from '../support/agent/agent.ts';
import { bucketServer, writeSecret } from '../support/agent/bucket.ts';
import { tshark } from '../support/agent/captureFile.ts';
import { collectorAddress, startCollector } from '../support/agent/collector.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { agentRootfs } from '../support/agent/rootfs.ts';
import { sendSteadily } from '../support/agent/steadyPackets.ts';
import { gaps, readNumbered } from '../support/cluster/sequence.ts';

const changes = Number(process.env['PACKET_CAPTURE_CHANGES'] ?? 1000);
const interfaces = Number(process.env['PACKET_CAPTURE_INTERFACES_TRIED'] ?? 100);
const perSecond = 5000;
const port = 9999;

const { folder, network, start } = useAgents();
let [root, program] = ['', ''];

beforeAll(async () => {
  root = await agentRootfs(stderrProgress);
  program = await ensureBucketServer(stderrProgress);
  await network().addInterface('net1', 1);
}, 1_800_000);

/** All packets of a steady sender are stored, each once, and none is reported as lost. */
async function expectWhole(agent: Agent, sent: number): Promise<void> {
  expect(agent.events.at(-1)).toMatchObject({ event: 'stopped', dropped: 0 });
  const packets = await readNumbered(await agent.files(), port);
  expect(gaps(packets)).toEqual([]);
  expect(packets).toHaveLength(sent);
  expect(agent.noise).toEqual([]);
}

/** Each lets all numbered packets through, with their numbers. Filters are new each time, so that each is compiled. */
const kinds: ((round: number) => SettingValues)[] = [
  (round) => ({ filter: `udp and not port ${10_000 + round}` }),
  (round) => ({ snaplen: String([96, 0, 60, 1500][round % 4]) }),
  (round) => ({ upload: ['s3:captures/one', '', 's3:captures/two', ''][round % 4] ?? '' }),
  (round) => ({ stream: round % 2 === 0 ? collectorAddress : '' }),
  (round) => ({ interfaces: ['eth0,lo', 'net1,eth0', 'all', 'eth0', 'all,lo'][round % 5] ?? '' }),
  (round) => ({
    filter: `ip and not host 10.1.${round % 200}.1`,
    snaplen: String(60 + (round % 40)),
    stream: round % 3 === 0 ? collectorAddress : '',
  }),
  (round) => ({ 'packet-count': round % 2 === 0 ? '999999999' : '' }),
  (round) => ({ rotate: `${60 + (round % 7)}s`, 'file-size': `${4 + (round % 5)}Mi` }),
  (round) => ({ duration: round % 2 === 0 ? '2h' : '' }),
];

test.each([
  ['each when the one before is in force', 0],
  ['faster than they can be taken', 1],
])(
  `${changes} changes of filters, lengths, limits, uploads, streams and interfaces, %s: each packet is stored once`,
  async (_, hurry) => {
    const [objects, secret] = [await folder(), await folder()];
    const server = bucketServer(program, network(), objects);
    await server.makeBucket('captures');
    await server.start();
    await writeSecret(secret);
    const collector = await startCollector(network(), { folder: await folder() });
    onTestFinished(() => collector.kill());
    const agent = await start({
      root,
      secret,
      settings: { filter: 'udp', interfaces: 'eth0', 'file-count': '5000', 'buffer-size': '8Mi' },
    });
    await agent.next('started');
    const stop = sendSteadily(network(), perSecond);
    onTestFinished(async () => void (await stop()));
    let values: SettingValues = { snaplen: '0', interfaces: 'eth0', upload: '', stream: '' };
    for (let change = 0; change < changes; change += 1) {
      const wanted = kinds[change % kinds.length]?.(Math.floor(change / kinds.length)) ?? {};
      // One that is none would not be told.
      const isNone = Object.entries(wanted).every(([name, value]) => values[name as keyof SettingValues] === value);
      const next = isNone ? { filter: `udp and not port ${30_000 + change}` } : wanted;
      values = { ...values, ...next };
      await agent.set(next);
      if (hurry === 0) await agent.next('started');
      else await sleep(5 + (change % 20));
    }
    const sent = await stop();
    await agent.stop();
    await collector.kill();
    const uploads = (await readdir(join(objects, 'captures'), { recursive: true })).filter((name) =>
      name.endsWith('.pcapng'),
    ).length;
    const [begun, closed] = ['started', 'file closed'].map(
      (name) => agent.events.filter(({ event }) => event === name).length,
    );
    console.log(JSON.stringify({ changes, hurry, sent, begun, closed, uploads, connections: collector.ports.length }));
    await expectWhole(agent, sent);
    // The others were really in force; of those in a hurry few.
    const least = hurry === 0 ? changes / 100 : 0;
    expect(uploads).toBeGreaterThan(least);
    expect(collector.ports.length).toBeGreaterThan(least);
    expect(agent.events.filter(({ event }) => event === 'invalid setting')).toEqual([]);
  },
);

test(`while ${interfaces} interfaces come and go, ten at a time, eth0 loses no packet, and theirs are captured from the start of each capture`, async () => {
  const atOnce = 10;
  const own = 20;
  const agent = await start({
    root,
    settings: { filter: 'udp', 'file-count': '100', 'buffer-size': '8Mi', interfaces: 'all' },
  });
  await agent.next('started');
  const stop = sendSteadily(network(), perSecond);
  onTestFinished(async () => void (await stop()));
  const captured = (): number =>
    (
      (agent.events.findLast(({ event }) => event === 'interfaces changed')?.['interfaces'] as string[] | undefined) ??
      []
    ).length;
  const waitFor = async (count: number): Promise<void> => {
    for (const end = performance.now() + 10_000; captured() !== count && performance.now() < end;) await sleep(5);
    expect(captured()).toBe(count);
  };
  // eth0 and net1 stay.
  const others = 2;
  for (let round = 0; round < interfaces / atOnce; round += 1) {
    const names = Array.from({ length: atOnce }, (_, at) => ({ name: `come${round}x${at}`, subnet: 10 + at }));
    for (const { name, subnet } of names) await network().addInterface(name, subnet);
    await waitFor(others + atOnce);
    for (const { subnet } of names) await network().send({ count: own, port: 8888, subnet });
    for (const { name } of names) await network().removeInterface(name);
    await waitFor(others);
  }
  const sent = await stop();
  await agent.stop();
  await expectWhole(agent, sent);
  const rows = (
    await Promise.all((await agent.files()).map((file) => tshark(file, 'frame.interface_name', 'udp.dstport')))
  ).flat();
  const of = new Map<string, number>();
  for (const [name = '', to] of rows) if (to === '8888') of.set(name, (of.get(name) ?? 0) + 1);
  expect(of.size).toBe(interfaces);
  expect([...new Set(of.values())]).toEqual([own]);
  expect(agent.events.filter(({ event }) => event === 'error')).toEqual([]);
});
