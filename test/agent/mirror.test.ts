import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { statusWhen, type Status } from '../support/agent/agentFiles.ts';
import { tshark } from '../support/agent/captureFile.ts';
import { mirrorOf, portCounts, useMirrors } from '../support/agent/mirrorFixture.ts';
import { exchangeTcp, tcpStreams } from '../support/agent/tcpExchange.ts';
import { until } from '../support/agent/until.ts';
import { captureOn, framesOf } from '../support/agent/vxlanCollector.ts';

const { atEnd, collect, folder, inPod, network, startPod, traces, useIpv6 } = useMirrors();

/** Sends datagrams from the pod to the world, where nothing listens. */
async function podSends(count: number, size = 100): Promise<void> {
  const program = `const s = require('node:dgram').createSocket('udp4'); let n = 0; const next = () => n++ < ${count} ? s.send(Buffer.alloc(${size}, n), 99, '10.99.0.1', next) : s.close(); next();`;
  await run([...network().enterPod, process.execPath, '-e', program]);
}

describe('the mirror', () => {
  test('copies whole packets that the pod sends and receives, and no copy is in a capture', async () => {
    const { file, end } = await collect(4789, 16_777_215);
    await useIpv6();
    const settings = { mirror: 'vxlan://10.99.0.1?vni=16777215', filter: 'udp or tcp or icmp' };
    const { captures, agent, mirror } = await startPod(settings, {
      environment: { PACKET_CAPTURE_METRICS_LISTEN: ':9464' },
    });
    await agent.next('started');
    expect(await mirror.next('mirror started')).toMatchObject({
      to: settings.mirror,
      address: '10.99.0.1',
      interfaces: ['eth0'],
      filter: settings.filter,
    });
    await network().send({ count: 300, perSecond: 3000 });
    await network().send({ count: 50, size: 1472 });
    await network().send({ count: 5, size: 3000 });
    await podSends(30);
    await podSends(30, 1472);
    for (const host of ['10.99.0.1', 'fd00:99::1']) await exchangeTcp(network(), { host, bytes: 200_000 });
    // The MTU of the app's own path to a peer is unchanged.
    expect(await inPod('ip -6 route get fd00:99::1; ip route get 10.99.0.1')).not.toContain('mtu');

    const isThere = (said: Status): boolean => Number(mirrorOf(said)['packets']) > 420;
    const status = await statusWhen('of a mirror with these packets', captures, isThere);
    expect(mirrorOf(status)).toMatchObject({
      state: 'mirroring',
      reason: '',
      destination: settings.mirror,
      interfaces: ['eth0'],
      dropped: 0,
    });
    const metrics = await until('metrics of the mirror', async () => {
      const text = await readFile(join(captures, '.agent/metrics'), 'utf8');
      // It may have counted more meanwhile.
      const { packets } = mirrorOf(await statusWhen('of the mirror', captures, isThere));
      return text.includes(`packet_capture_mirror_packets_total ${String(packets)}\n`) ? text : undefined;
    });
    expect(metrics).toContain('packet_capture_mirror_active 1\n');
    expect(metrics).toMatch(/^packet_capture_mirror_bytes_total [1-9]\d{5,}$/m);
    expect(metrics).toContain('packet_capture_mirror_dropped_packets_total 0\n');

    expect((await mirror.stop()).code).toBe(0);
    expect(await mirror.next('mirror stopped')).toMatchObject({ dropped: 0 });
    await agent.stop();
    await end();
    const [captured = ''] = await agent.files();
    const frames = await framesOf(captured, 'not tcp');
    expect(frames.length).toBeGreaterThan(420);
    expect(await framesOf(file, 'not tcp')).toEqual(frames);
    const streams = await tcpStreams(captured);
    expect(streams.map(({ bytes, missing }) => [bytes, missing])).toEqual(
      Array.from({ length: 4 }, () => [200_000, 0]),
    );
    expect(await tcpStreams(file)).toEqual(streams);
    expect(await tshark(captured, 'vxlan.vni')).not.toContainEqual([expect.stringMatching(/\d/)]);
    expect([...agent.noise, ...mirror.noise]).toEqual([]);
  });

  test('follows the filter, the destination and the state while it runs', async () => {
    const [first, second] = [await collect(4790, 7), await collect(4791, 8)];
    const { captures, agent, mirror } = await startPod({
      mirror: 'vxlan://10.99.0.1:4790?vni=7',
      filter: 'udp port 1001',
    });
    const sendBoth = async (): Promise<void> => {
      for (const port of [1001, 1002, 1003]) await network().send({ count: 10, port });
    };
    await mirror.next('mirror started');
    await sendBoth();
    await agent.set({ filter: 'udp port 1002' });
    expect(await mirror.next('mirror started')).toMatchObject({ filter: 'udp port 1002' });
    await sendBoth();
    await agent.set({ mirror: 'vxlan://10.99.0.1:4791?vni=8' });
    expect(await mirror.next('mirror started')).toMatchObject({ to: 'vxlan://10.99.0.1:4791?vni=8' });
    await sendBoth();
    await agent.set({ filter: 'a) or (b' });
    expect(await mirror.next('invalid setting')).toMatchObject({ setting: 'filter' });
    expect(await mirror.next('mirror stopped')).toMatchObject({ packets: 30, dropped: 0 });
    await statusWhen('of an invalid mirror', captures, (said) => mirrorOf(said)['state'] === 'invalid');
    await sendBoth();
    await agent.set({ filter: 'udp port 1003' });
    await mirror.next('mirror started');
    await sendBoth();
    await agent.set({ state: 'idle' });
    expect(await mirror.next('mirror stopped')).toMatchObject({ packets: 40 });
    await statusWhen(
      'of an idle mirror',
      captures,
      (said) => mirrorOf(said)['state'] === 'idle' && mirrorOf(said)['packets'] === 40,
    );
    await sendBoth();
    expect(await traces()).not.toMatch(/pcmirror|clsact|bpf/);
    await Promise.all([first.end(), second.end()]);
    expect(await portCounts(first.file)).toEqual({ 1001: 10, 1002: 10 });
    expect(await portCounts(second.file)).toEqual({ 1002: 10, 1003: 10 });
  });

  test('begins in a running capture only after the capture excludes the copies', async () => {
    const { captures, agent, mirror } = await startPod({ filter: 'udp' });
    await agent.next('started');
    await statusWhen(
      'without a mirror',
      captures,
      (said) => said['state'] === 'capturing' && said['mirror'] === undefined,
    );
    const sending = network().send({ count: 800, perSecond: 200 });
    const [pid = 0] = await agent.processes();
    process.kill(pid, 'SIGSTOP');
    await agent.set({ mirror: 'vxlan://10.99.0.1:4790?vni=7' });
    await mirror.next('settings changed');
    await sleep(1500);
    process.kill(pid, 'SIGCONT');
    await mirror.next('mirror started');
    await agent.next('started');
    await sending;
    await agent.set({ mirror: '' });
    await mirror.next('mirror stopped');
    await statusWhen('without a mirror', captures, (said) => said['mirror'] === undefined);
    await agent.stop();
    const counts = await Promise.all((await agent.files()).map(portCounts));
    expect(counts.map((ports) => Object.keys(ports))).toEqual(counts.map(() => ['9999']));
  });

  test('keeps the other qdiscs and filters of the interface, during and after it', async () => {
    const program = (value: number): string => `bytecode '1,6 0 0 ${value},'`;
    await network().addInterface('net1', 1);
    await inPod(`tc qdisc add dev eth0 clsact
      tc filter add dev eth0 ingress pref 1 bpf ${program(0)} action mirred egress mirror dev net1
      tc filter add dev eth0 ingress pref 60 bpf ${program(0xffffffff)} action mirred egress mirror dev net1`);
    const before = await traces();
    const { end, file } = await collect(4790, 7);
    const { mirror } = await startPod({ mirror: 'vxlan://10.99.0.1:4790?vni=7', interfaces: 'eth0' });
    await mirror.next('mirror started');
    expect(await traces()).not.toBe(before);
    await network().send({ count: 25 });
    await mirror.stop();
    await end();
    expect(await portCounts(file)).toMatchObject({ 9999: 25 });
    // The other filter comes after ours and must have seen the packets too.
    expect(await inPod('tc -s filter show dev eth0 ingress pref 60')).toMatch(/Sent \d+ bytes (2[5-9]|3\d) pkt/);
    expect(await traces()).toBe(before);
    await inPod('tc qdisc delete dev eth0 clsact');
    await network().removeInterface('net1');
  });

  test('does not copy its own copies, their fragments, or errors from a collector that refuses them', async () => {
    const file = join(await folder(), 'outer.pcapng');
    const endCapture = await captureOn(network().enterWorld, { name: 'eth0', file });
    let ended: Promise<void> | undefined;
    const end = async (): Promise<void> => (ended ??= endCapture());
    atEnd(end);
    const { agent, mirror } = await startPod({ mirror: 'vxlan://10.99.0.1?vni=9', filter: 'udp or icmp' });
    await agent.next('started');
    await mirror.next('mirror started');
    await network().send({ count: 40, size: 1472, perSecond: 200 });
    await network().send({ count: 40, perSecond: 200 });
    expect(await mirror.stop()).toMatchObject({ code: 0 });
    expect(mirror.events.find(({ event }) => event === 'mirror stopped')).toMatchObject({ packets: 80, dropped: 0 });
    await agent.stop();
    await end();
    expect(await framesOf(file, 'vxlan.vni == 9 and not icmp')).toHaveLength(80);
    expect(await framesOf(file, 'icmp.type == 3 and vxlan')).not.toEqual([]);
    const [captured = ''] = await agent.files();
    expect(await portCounts(captured)).toEqual({ 9999: 80 });
  });

  test('to a collector with IPv6 drops packets that do not fit, and counts them', async () => {
    await useIpv6();
    const { file, end } = await collect(4790, 7, 'fd00:99::1');
    const { mirror } = await startPod({ mirror: 'vxlan://[fd00:99::1]:4790?vni=7', filter: 'udp port 1001' });
    expect(await mirror.next('mirror started')).toMatchObject({ address: 'fd00:99::1' });
    await network().send({ count: 10, port: 1001, size: 1500 - 70 - 28 });
    await network().send({ count: 5, port: 1001, size: 1500 - 69 - 28 });
    await mirror.stop();
    expect(mirror.events.find(({ event }) => event === 'mirror stopped')).toMatchObject({ packets: 10, dropped: 5 });
    await end();
    expect(await portCounts(file)).toEqual({ 1001: 10 });
  });

  test('lets no frames into the pod by its own port', async () => {
    const { mirror } = await startPod({ mirror: 'vxlan://10.99.0.1:4790?vni=7' });
    await mirror.next('mirror started');
    const [{ address }] = JSON.parse(await inPod('ip -j link show pcmirror0')) as [{ address: string }];
    const listener = `const s = require('node:dgram').createSocket('udp4'); s.bind(5000, () => console.log('ready')); s.on('message', (m) => console.log(String(m))); setTimeout(() => process.exit(), 1500);`;
    const heard = run([...network().enterPod, process.execPath, '-e', listener]);
    const inner = [
      ...address.split(':').map((part) => Number.parseInt(part, 16)),
      2,
      2,
      2,
      2,
      2,
      2,
      8,
      0,
      ...udpPacket([10, 99, 0, 2], 5000, 'from outside'),
    ];
    const sender = `const s = require('node:dgram').createSocket('udp4'); const at = setInterval(() => s.send(Buffer.from(${JSON.stringify([8, 0, 0, 0, 0, 0, 7, 0, ...inner])}), 61099, '10.99.0.2'), 100); setTimeout(() => process.exit(), 1200);`;
    await run([...network().enterWorld, process.execPath, '-e', sender]);
    expect((await heard).stdout).toBe('ready');
    const [{ stats64 }] = JSON.parse(await inPod('ip -j -s link show pcmirror0')) as [
      { stats64: { rx: { packets: number } } },
    ];
    expect(stats64.rx.packets).toBeGreaterThan(0);
  });
});

/** An IPv4 packet with UDP without a checksum. */
function udpPacket(to: readonly number[], port: number, payload: string): number[] {
  const word = (value: number): number[] => [value >> 8, value & 0xff];
  const head = [0x45, 0, ...word(28 + payload.length), 0, 0, 0, 0, 64, 17, 0, 0, 10, 99, 0, 1, ...to];
  let sum = head.reduce((total, byte, i) => total + (i % 2 === 0 ? byte << 8 : byte), 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  head.splice(10, 2, ...word(~sum & 0xffff));
  return [...head, ...word(4000), ...word(port), ...word(8 + payload.length), 0, 0, ...Buffer.from(payload)];
}
