import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { capture, run } from '../../scripts/cluster/command.ts';
import { busybox } from './busybox.ts';
import { packetNumbers, tshark } from './captureFile.ts';
import { collectorAddress, collectorPort, startCollector, type Collector } from './collector.ts';
import { useAgents } from './fixture.ts';
import { agentKind } from './kind.ts';

const { folder, network, start } = useAgents();
let collector: Collector | undefined;

afterEach(async () => {
  await collector?.kill();
  collector = undefined;
});

async function inPod(command: string): Promise<void> {
  await run([...network().enterPod, 'sh', '-euc', command]);
}

async function inWorld(command: string): Promise<void> {
  await run([...network().enterWorld, 'sh', '-euc', command]);
}

/** A connection that is closed, or refused, at once. */
async function connect(enter: readonly string[], options: { host: string; port: number; localPort: number; localAddress?: string }): Promise<void> {
  const program = `require('node:net').connect(${JSON.stringify(options)}).on('connect', function () { this.end('hello'); }).on('error', () => {})`;
  await run([...enter, process.execPath, '-e', program]);
}

/** The ports of all TCP packets in capture files, in ascending order. */
async function tcpPorts(files: readonly string[]): Promise<number[]> {
  const packets = await Promise.all(files.map((file) => tshark(file, 'tcp.port')));
  const ports = packets.flat(2).filter((pair) => pair !== '').flatMap((pair) => pair.split(','));
  return [...new Set(ports)].map(Number).toSorted((a, b) => a - b);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

// The Go agent leaves out connections, not ports: ownFlows.test.ts.
describe.skipIf(agentKind === 'go')("the agent's own ports", () => {
  const cases: [range: string, ports: string][] = [
    ['32768\t60999', '61000-61099'],
    ['1024\t4999', '61000-61099'],
    ['61100\t65535', '61000-61099'],
    ['32768\t61000', '65400-65499'],
    ['1024\t65399', '65400-65499'],
    ['32768\t65400', '32600-32699'],
    ['61099\t65535', '60900-60999'],
    ['1200\t65535', '1100-1199'],
    ['1199\t65535', ''],
  ];

  test.each(cases)('are outside those that the kernel gives to others: %s, %s', async (range, ports) => {
    const [root, file] = [inject('agentRoot'), join(await folder(), 'range')];
    await writeFile(file, `${range}\n`);
    const program = `. ${root}/usr/lib/packet-capture/own.sh; chooseOwnPorts ${file}; echo "$ownPorts"`;
    expect(await capture([...busybox(root), 'sh', '-c', program])).toEqual({ exitCode: 0, stdout: ports, stderr: '' });
  });

  test('are left out on the side of the pod, with every address that it has and gets, and nothing else is', async () => {
    await inWorld('echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6; ip address add fd00:99::1/64 dev eth0 nodad');
    await inPod('echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6; ip address add fd00:99::2/64 dev eth0 nodad');
    const received = await folder();
    collector = await startCollector(network(), { folder: received });
    const agent = await start({ settings: { stream: `[fd00:99::1]:${collectorPort}` } });
    await Promise.all([agent.next('started'), agent.next('stream connected')]);
    const { enterPod, enterWorld } = network();
    await Promise.all([
      connect(enterPod, { host: 'fd00:99::1', port: collectorPort, localPort: 50_001 }),
      connect(enterPod, { host: '10.99.0.1', port: collectorPort, localPort: 50_002 }),
      connect(enterPod, { host: 'fd00:99::1', port: 9, localPort: 61_011 }),
      connect(enterPod, { host: '10.99.0.1', port: 9, localPort: 61_012 }),
      connect(enterWorld, { host: 'fd00:99::2', port: 8001, localPort: 61_021 }),
      connect(enterWorld, { host: '10.99.0.2', port: 8002, localPort: 61_022 }),
    ]);
    await inPod('ip address add 10.99.0.77/24 dev eth0');
    expect((await agent.next('addresses changed'))['addresses']).toEqual(expect.arrayContaining(['10.99.0.2', 'fd00:99::2', '10.99.0.77']));
    await Promise.all([agent.next('started'), agent.next('stream connected')]);
    await connect(enterPod, { host: '10.99.0.1', port: 9, localPort: 61_013, localAddress: '10.99.0.77' });
    await connect(enterPod, { host: '10.99.0.1', port: 9, localPort: 50_003, localAddress: '10.99.0.77' });
    await agent.stop();
    expect(await tcpPorts(await agent.files())).toEqual([9, 8001, 8002, 50_001, 50_002, 50_003, collectorPort, 61_021, 61_022]);
    const streams = collector.ports.flatMap((port, i) => (port >= 61_000 && port <= 61_099 ? [join(received, `${i + 1}.pcapng`)] : []));
    expect(await tcpPorts(streams)).toEqual([9, 8001, 8002, 50_001, 50_002, 50_003, collectorPort, 61_021, 61_022]);
    expect(agent.noise).toEqual([]);
  });

  test('are left out on lo too', async () => {
    collector = await startCollector({ ...network(), enterWorld: network().enterPod }, { folder: await folder() });
    const agent = await start({ settings: { stream: `127.0.0.1:${collectorPort}`, interfaces: 'lo' } });
    await Promise.all([agent.next('started'), agent.next('stream connected')]);
    await connect(network().enterPod, { host: '127.0.0.1', port: collectorPort, localPort: 50_001 });
    await agent.stop();
    expect(await tcpPorts(await agent.files())).toEqual([50_001, collectorPort]);
  });

  test('are others where the kernel gives these to the app, and none, hence no stream, where it gives all', async () => {
    collector = await startCollector(network(), { folder: await folder() });
    await inPod('echo 32768 65399 > /proc/sys/net/ipv4/ip_local_port_range');
    const agent = await start({ settings: { stream: collectorAddress } });
    expect(await agent.next('own ports')).toMatchObject({ ports: '65400-65499', reason: 'net.ipv4.ip_local_port_range is 32768 to 65399' });
    await Promise.all([agent.next('started'), agent.next('stream connected')]);
    await agent.stop();
    expect(await tcpPorts(await agent.files())).toEqual([]);
    expect([collector.ports[0]! >= 65_400, collector.ports[0]! <= 65_499]).toEqual([true, true]);

    await inPod('echo 1024 65535 > /proc/sys/net/ipv4/ip_local_port_range');
    const refused = await start({ settings: { stream: collectorAddress, filter: 'udp' } });
    expect(await refused.next('own ports')).toMatchObject({ ports: '' });
    expect(await refused.next('error')).toMatchObject({ reason: expect.stringContaining('there are no local ports'), retry: '1s' });
    await refused.next('started');
    await network().send({ count: 10 });
    await refused.stop();
    expect(await Promise.all((await refused.files()).map(packetNumbers))).toEqual([upTo(10)]);
    expect(collector.ports).toHaveLength(1);
    await inPod('echo 32768 60999 > /proc/sys/net/ipv4/ip_local_port_range');
  });
});

describe('a filter beside the exclusion', () => {
  test.each(['tcp) or (udp', '10.99.0.9', 'udp port 9999)', 'udp or'])('is invalid as it is without: %s', async (filter) => {
    collector = await startCollector(network());
    const agent = await start({ settings: { stream: collectorAddress, filter } });
    expect(await agent.next('invalid setting')).toMatchObject({
      setting: 'filter',
      value: filter,
      reason: expect.stringMatching(/^can't parse filter expression: syntax error$/),
    });
    await agent.alone();
    await network().send({ count: 10 });
    expect(await agent.files()).toEqual([]);
    expect(collector.ports).toEqual([]);
  });

  test.skipIf(agentKind === 'go')('with vlan leaves the same packets out, since its own part comes first', async () => {
    const root = inject('agentRoot');
    const program = `. /usr/lib/packet-capture/own.sh
      stream=x mirror= ownPorts=61000-61099 filter='tcp or vlan 5'
      expressionFor eth0 && echo "$expression"`;
    const { stdout: expression } = await run([...network().enterPod, 'chroot', root, '/usr/bin/busybox', 'sh', '-c', program]);
    const file = join(await folder(), 'frames.pcap');
    await writeFile(file, pcap([
      tcpFrame({ from: ['10.99.0.2', 61_005], to: ['10.99.0.1', 1] }),
      tcpFrame({ from: ['10.99.0.1', 2], to: ['10.99.0.2', 61_005] }),
      tcpFrame({ from: ['10.99.0.1', 61_005], to: ['10.99.0.2', 3] }),
      tcpFrame({ from: ['10.99.0.2', 50_000], to: ['10.99.0.1', 4] }),
      tcpFrame({ from: ['10.99.0.1', 5], to: ['10.99.0.2', 6], vlan: 5 }),
    ]));
    const argv = ['sh', '-c', 'exec chroot "$0" /usr/bin/tcpdump -Z root -n -t -q -r - -- "$1" < "$2"', root, expression, file];
    const lines = (await run(argv)).stdout.split('\n');
    expect(lines).toEqual([
      expect.stringContaining('10.99.0.1.61005 > 10.99.0.2.3:'),
      expect.stringContaining('10.99.0.2.50000 > 10.99.0.1.4:'),
      expect.stringContaining('10.99.0.1.5 > 10.99.0.2.6:'),
    ]);
  });
});

type End = readonly [address: string, port: number];

/** A TCP segment without data in an Ethernet frame, with a tag if told. */
function tcpFrame({ from, to, vlan }: { from: End; to: End; vlan?: number }): Buffer {
  const address = (text: string): number[] => text.split('.').map(Number);
  const port = (number: number): number[] => [number >> 8, number & 0xff];
  const tag = vlan === undefined ? [] : [0x81, 0, ...port(vlan)];
  const ip = [0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, ...address(from[0]), ...address(to[0])];
  const tcp = [...port(from[1]), ...port(to[1]), 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 0, 0, 0, 0, 0, 0];
  return Buffer.from([...Array.from({ length: 12 }, () => 2), ...tag, 8, 0, ...ip, ...tcp]);
}

/** A capture file, as of libpcap 2.4, on Ethernet. */
function pcap(frames: readonly Buffer[]): Buffer {
  const words = (...numbers: number[]): Buffer => Buffer.from(Uint32Array.from(numbers).buffer);
  const head = Buffer.concat([words(0xa1b2c3d4), Buffer.from(Uint16Array.of(2, 4).buffer), words(0, 0, 65_535, 1)]);
  return Buffer.concat([head, ...frames.flatMap((frame) => [words(0, 0, frame.length, frame.length), frame])]);
}
