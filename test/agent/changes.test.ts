import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import type { Agent } from '../support/agent/agent.ts';
import { packetNumbers, tshark } from '../support/agent/captureFile.ts';
import { collectorAddress, startCollector } from '../support/agent/collector.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { sendSteadily } from '../support/agent/steadyPackets.ts';

const { folder, network, start } = useAgents();

/** The numbers of all packets that an agent stored, in the order of its files. */
async function stored(agent: Agent): Promise<number[]> {
  return (await Promise.all((await agent.files()).map(packetNumbers))).flat();
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

describe('while packets arrive,', () => {
  test('changes of filter, snaplen, limits, ring and stream lose no packet, and each begins a new file', async () => {
    const collector = await startCollector(network(), { folder: await folder() });
    const agent = await start({ settings: { filter: 'udp', 'file-count': '100' } });
    await agent.next('started');
    const stop = sendSteadily(network(), 5000);
    const changes = [
      { filter: 'udp port 9999' },
      { snaplen: '96' },
      { filter: 'udp and ip' },
      { snaplen: '60' },
      { snaplen: '0' },
      { rotate: '30s' },
      { 'file-size': '2Mi' },
      { 'file-count': '90' },
      { duration: '1h' },
      { 'packet-count': '1000000' },
      { interfaces: 'eth0,lo' },
      { interfaces: 'eth0' },
      { 'buffer-size': '8Mi' },
      { 'buffer-size': '4Mi' },
      { stream: collectorAddress },
      { filter: 'udp' },
      { stream: '' },
      { upload: 's3:nowhere' },
      { upload: '' },
    ] as const;
    for (const change of changes) {
      await agent.set(change);
      const [setting = '', value] = Object.entries(change)[0] ?? [];
      expect(await agent.next('settings changed')).toMatchObject({
        changes: [expect.objectContaining({ setting, new: value })],
      });
      await agent.next('started');
      await sleep(100);
    }
    const sent = await stop();
    await agent.stop();
    await collector.kill();
    expect(await stored(agent)).toEqual(upTo(sent));
    expect(agent.events.at(-1)).toMatchObject({ packets: sent, dropped: 0 });
    expect(agent.events.filter(({ event }) => event === 'started')).toHaveLength(changes.length + 1);
    // A file contains the settings with which it began.
    const comments = await Promise.all(
      (await agent.files()).map(async (file) => (await run(['capinfos', '-k', file])).stdout),
    );
    expect(comments).toHaveLength(changes.length + 1);
    for (const [index, change] of changes.entries())
      expect(comments[index + 1]).toContain(JSON.stringify(change).slice(1, -1));
    expect(agent.noise).toEqual([]);
  });

  test('an invalid filter is refused and loses no packet before that', async () => {
    const agent = await start({ settings: { filter: 'udp' } });
    await agent.next('started');
    await network().send({ count: 100 });
    await agent.set({ filter: 'udp or or' });
    await agent.next('invalid setting');
    const closed = await agent.next('file closed');
    expect(closed).toMatchObject({ packets: 100, dropped: 0 });
  });

  test('interfaces that come and go do not affect the others, and their packets are in the same file', async () => {
    const agent = await start({ settings: { filter: 'udp', 'file-count': '4' } });
    await agent.next('started');
    const sent = network().send({ count: 15_000, perSecond: 5000 });
    for (let round = 0; round < 10; round += 1) {
      await network().addInterface('net9', 9);
      await agent.next('interfaces changed');
      await network().send({ count: 5, subnet: 9, port: 8888 });
      // The kernel hands them over a moment later, on a busy machine.
      await sleep(150);
      await network().removeInterface('net9');
      await agent.next('interfaces changed');
    }
    await sent;
    await agent.stop();
    const files = await agent.files();
    expect(files).toHaveLength(1);
    expect(await stored(agent)).toEqual(upTo(15_000));
    const rows = await tshark(files[0] ?? '', 'frame.interface_name', 'udp.dstport');
    expect(rows.filter(([name, port]) => name === 'net9' && port === '8888')).toHaveLength(50);
    expect(agent.events.at(-1)).toMatchObject({ packets: 15_050, dropped: 0 });
  });

  test('a filter that is impossible for one interface is reported, and the others are captured', async () => {
    const { enterPod } = network();
    await run([...enterPod, 'sh', '-euc', 'ip tuntap add tun0 mode tun; ip link set tun0 up']);
    const agent = await start({ settings: { filter: 'ether host 02:00:00:00:00:01 or udp' } });
    expect(await agent.next('started')).toMatchObject({ interfaces: ['eth0'] });
    expect(await agent.next('error')).toMatchObject({
      reason: expect.stringMatching(/^tun0 is not captured: filter: /),
    });
    await network().send({ count: 10 });
    await agent.set({ filter: 'udp' });
    expect(await agent.next('started')).toMatchObject({ interfaces: ['eth0', 'tun0'] });
    await agent.stop();
    expect(await stored(agent)).toEqual(upTo(10));
    await run([...enterPod, 'ip', 'link', 'delete', 'tun0']);
  });
});
