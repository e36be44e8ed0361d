import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { statusWhen, type Status } from '../support/agent/agentFiles.ts';
import { packetNumbers, tshark } from '../support/agent/captureFile.ts';
import type { CollectTask } from '../support/agent/collect.ts';
import { collectorAddress, collectorPort, startCollector, type Collector } from '../support/agent/collector.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { until } from '../support/agent/until.ts';

const { folder, network, start } = useAgents();
let collectors: Collector[] = [];

afterEach(async () => {
  await Promise.all(collectors.map((collector) => collector.kill()));
  collectors = [];
});

async function collect(task?: Omit<CollectTask, 'port'>): Promise<Collector> {
  const collector = await startCollector(network(), task);
  collectors.push(collector);
  return collector;
}

/** All packets' numbers in capture files, in their order. */
async function numbersOf(files: readonly string[]): Promise<number[]> {
  return (await Promise.all(files.map(packetNumbers))).flat();
}

const streamIs =
  (state: string) =>
  (status: Status): boolean =>
    (status['stream'] as { state: string }).state === state;

const upTo = (count: number, from = 0): number[] => Array.from({ length: count - from }, (_, i) => from + i);

/** The rows of tshark from the first UDP packet on. */
function fromFirstNumber(rows: readonly string[][]): readonly string[][] {
  return rows.slice(rows.findIndex(([, , payload]) => payload !== ''));
}

/** Opens the app's own connection to the collector and sends a line, from a port that the kernel chooses. */
async function appSends(host: string): Promise<void> {
  await run([...network().enterPod, 'bash', '-c', `exec 3<> /dev/tcp/${host}/${collectorPort}; echo hello >&3`]);
}

describe('the stream', () => {
  test('sends the packets of the files to tshark -i TCP@, and none of its own', async () => {
    const captures = await folder();
    const collector = await collect({ relayPort: 57_013, folder: await folder() });
    const fields = ['frame.interface_name', 'frame.interface_description', 'udp.payload', 'tcp.port', 'frame.cap_len'];
    const received = run([
      ...network().enterWorld,
      'tshark',
      '-n',
      '-l',
      '-i',
      'TCP@127.0.0.1:57013',
      '-T',
      'fields',
      ...fields.flatMap((field) => ['-e', field]),
    ]);
    const agent = await start({ captures, settings: { stream: collectorAddress, snaplen: '100' } });
    expect(await agent.next('stream connected')).toMatchObject({ to: collectorAddress, interfaces: ['eth0'] });
    await agent.next('started');
    await network().send({ count: 2000, perSecond: 2000 });
    await appSends('10.99.0.1');
    await collector.connected(2);
    expect(await agent.stop()).toMatchObject({ code: 0 });
    const closed = agent.events.find(({ event }) => event === 'stream closed');
    expect(closed).toMatchObject({ to: collectorAddress, dropped: 0 });

    const inFiles = await tshark((await agent.files())[0] ?? '', ...fields);
    const inStream = (await received).stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(inStream.length).toBe(Number(closed?.['packets']));
    // The file may begin before the stream, and contain ARP packets that the stream lacks.
    expect(fromFirstNumber(inStream)).toEqual(fromFirstNumber(inFiles));
    const udp = inStream.filter(([, , payload]) => payload !== '');
    expect(udp.map(([, , payload = '']) => Number.parseInt(payload.slice(0, 8), 16))).toEqual(upTo(2000));
    expect(new Set(udp.map(([name, description, , , length]) => `${name} ${description} ${length}`))).toEqual(
      new Set(['eth0 shop/web-1 node=node0 100']),
    );
    const [own, app] = collector.ports;
    expect(own).not.toBe(app);
    const tcp = new Set(
      inStream
        .map(([, , , ports = '']) => ports)
        .filter((ports) => ports !== '')
        .flatMap((ports) => ports.split(',')),
    );
    expect(tcp).toEqual(new Set([String(app), String(collectorPort)]));
    expect(agent.noise).toEqual([]);
  });

  test('starts again when the collector is back, and the files lose no packet meanwhile', async () => {
    const [captures, first, second] = [await folder(), await folder(), await folder()];
    const before = await collect({ folder: first });
    const environment = { PACKET_CAPTURE_METRICS_LISTEN: ':9464' };
    const agent = await start({ captures, environment, settings: { stream: collectorAddress, filter: 'udp' } });
    await Promise.all([agent.next('started'), agent.next('stream connected')]);
    await network().send({ count: 500, perSecond: 1000 });
    await until('the first packets', async () => (await stat(join(first, '1.pcapng'))).size > 500 * 142);
    // Nothing is sent, so the agent must notice the end by itself. Within the first second it would treat it as a
    // collector that refuses.
    await sleep(1000);
    await before.kill();
    expect(await agent.next('stream closed')).toMatchObject({ to: collectorAddress, packets: 500, dropped: 0 });
    await network().send({ count: 1500, first: 500 });
    expect(await agent.next('error')).toMatchObject({
      reason: expect.stringContaining(`stream to ${collectorAddress}: `),
      retry: '1s',
    });
    expect(await agent.next('error')).toMatchObject({
      reason: `stream to ${collectorAddress}: Connection refused`,
      retry: '2s',
    });
    // status.json is written shortly after the event.
    const refused = (status: Status): boolean =>
      (status['stream'] as { lastError: string }).lastError === 'Connection refused';
    expect((await statusWhen('without a connection', captures, refused))['stream']).toEqual({
      to: collectorAddress,
      state: 'connecting',
      connections: 1,
      packets: 500,
      dropped: 0,
      lastError: 'Connection refused',
    });
    const after = await collect({ folder: second });
    await agent.next('stream connected');
    await after.connected(1);
    const status = await statusWhen('with a connection', captures, streamIs('connected'));
    expect(status['stream']).toEqual({
      to: collectorAddress,
      state: 'connected',
      connections: 2,
      packets: expect.any(Number),
      dropped: 0,
    });
    await until('metrics of it', async () => {
      const lines = (await readFile(join(captures, '.agent/metrics'), 'utf8')).split('\n');
      return ['packet_capture_stream_connected 1', 'packet_capture_stream_connections_total 2'].every((line) =>
        lines.includes(line),
      );
    });
    await network().send({ count: 1000, first: 2000, perSecond: 1000 });
    await agent.stop();
    expect(await numbersOf(await agent.files())).toEqual(upTo(3000));
    expect(await packetNumbers(join(first, '1.pcapng'))).toEqual(upTo(500));
    expect(await packetNumbers(join(second, '1.pcapng'))).toEqual(upTo(3000, 2000));
  });

  test('to a collector that never reads loses no packet of the files, and its drops are counted', async () => {
    await collect();
    // With a buffer for all packets, in case the agent has to wait for a processor.
    const settings = { stream: collectorAddress, filter: 'udp', 'buffer-size': '64Mi' };
    const agent = await start({ settings });
    await Promise.all([agent.next('started'), agent.next('stream connected')]);
    await network().send({ count: 15_000, size: 1400, perSecond: 5000 });
    expect(await agent.stop()).toMatchObject({ code: 0 });
    expect(await numbersOf(await agent.files())).toEqual(upTo(15_000));
    const { packets, dropped } = agent.events.find(({ event }) => event === 'stream closed') as unknown as Record<
      string,
      number
    >;
    expect(dropped).toBeGreaterThan(1000);
    expect(packets).toBeLessThan(14_000);
  });

  test('follows changes of settings and interfaces, and leaves no process behind', async () => {
    const received = await folder();
    const collector = await collect({ folder: received });
    const agent = await start({ settings: { stream: collectorAddress, filter: 'udp port 1' } });
    await agent.next('stream connected');
    await agent.set({ filter: 'udp' });
    await agent.next('stream closed');
    await agent.next('stream connected');
    await network().addInterface('net6', 6);
    // The agent adds it to the present stream and keeps its file.
    const told = await agent.next('interfaces changed');
    expect(told).toMatchObject({ interfaces: ['eth0', 'net6'] });
    await agent.next('started');
    await agent.next('started');
    await network().send({ count: 10 });
    await network().send({ count: 20, subnet: 6 });
    await agent.set({ state: 'idle' });
    expect(await agent.next('stream closed')).toMatchObject({ packets: 30 });
    await agent.alone();
    await agent.set({ state: 'running', stream: '' });
    await agent.next('started');
    await network().removeInterface('net6');
    expect(collector.ports).toHaveLength(2);
    const names = (await tshark(join(received, '2.pcapng'), 'frame.interface_name')).map(([name]) => name);
    expect([names.filter((name) => name === 'eth0').length, names.filter((name) => name === 'net6').length]).toEqual([
      10, 20,
    ]);
    await agent.stop();
    expect(agent.events.filter(({ event }) => event === 'error' || event === 'addresses changed')).toEqual([]);
    expect(agent.noise).toEqual([]);
  });
});
