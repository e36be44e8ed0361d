import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Agent } from '../support/agent/agent.ts';
import { tshark } from '../support/agent/captureFile.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { until } from '../support/agent/until.ts';

const { network, start } = useAgents();

/** Waits until these interfaces are captured. */
async function captures(agent: Agent, interfaces: readonly string[]): Promise<void> {
  const last = (): unknown => agent.events.findLast(({ event }) => event === 'interfaces changed')?.['interfaces'];
  await until(
    `${interfaces.join()} and no others`,
    () => Array.isArray(last()) && isDeepStrictEqual(new Set(last() as string[]), new Set(interfaces)),
    { instead: () => agent.events },
  );
}

describe('interfaces', () => {
  test('several are captured into one file, in which each packet has its interface', async () => {
    await network().addInterface('net1', 1);
    const agent = await start({ settings: { interfaces: 'net1,eth0,lo', filter: 'udp' } });
    expect(await agent.next('started')).toMatchObject({ interfaces: ['net1', 'eth0', 'lo'] });
    await network().send({ count: 30 });
    await network().send({ count: 50, subnet: 1 });
    await agent.stop();
    expect(agent.events.slice(-2)).toEqual([
      expect.objectContaining({ event: 'file closed', packets: 80, dropped: 0 }),
      expect.objectContaining({ event: 'stopped', packets: 80, dropped: 0 }),
    ]);
    expect(agent.noise).toEqual([]);
    const [file = ''] = await agent.files();
    const packets = await tshark(file, 'frame.interface_name', 'frame.interface_description');
    const of = (name: string): number => packets.filter(([found]) => found === name).length;
    expect([of('eth0'), of('net1')]).toEqual([30, 50]);
    expect(new Set(packets.map(([, description]) => description))).toEqual(new Set(['shop/web-1 node=node0']));
    await network().removeInterface('net1');
  });

  test('by default are all that are up except lo, and one that is added later', async () => {
    const agent = await start();
    expect(await agent.next('started')).toMatchObject({ interfaces: ['eth0'] });
    await network().addInterface('net2', 2);
    await captures(agent, ['eth0', 'net2']);
    await network().removeInterface('net2');
    await captures(agent, ['eth0']);
    await network().send({ count: 4 });
    await agent.stop();
    expect(agent.events.at(-1)).toMatchObject({ event: 'stopped', packets: 4 });
    expect(agent.noise).toEqual([]);
  });

  test.each(['any', 'all,lo'])('are with %s also lo and one that is added later', async (interfaces) => {
    const agent = await start({ settings: { interfaces } });
    expect(await agent.next('started')).toMatchObject({ interfaces: ['eth0', 'lo'] });
    await network().addInterface('net4', 4);
    await captures(agent, ['eth0', 'lo', 'net4']);
    await network().removeInterface('net4');
    await captures(agent, ['eth0', 'lo']);
    await network().send({ count: 4 });
    await agent.stop();
    expect(agent.events.at(-1)).toMatchObject({ event: 'stopped', packets: 4 });
    const [file = ''] = (await agent.files()).slice(-1);
    expect(new Set((await tshark(file, 'frame.interface_name')).flat())).toEqual(new Set(['eth0']));
    expect(agent.noise).toEqual([]);
  });

  test('are not captured while one is missing, which is reported; the capture starts with it, and goes on if it is removed', async () => {
    const agent = await start({ settings: { interfaces: 'eth0,net3' } });
    const reason = 'there is no interface net3';
    expect(await agent.next('error')).toMatchObject({ reason, retry: '1s' });
    expect(await agent.next('error')).toMatchObject({ reason, retry: '2s' });
    await agent.alone();
    expect(await agent.files()).toEqual([]);
    await network().addInterface('net3', 3);
    expect(await agent.next('started')).toMatchObject({ interfaces: ['eth0', 'net3'] });
    await network().send({ count: 20 });
    await network().removeInterface('net3');
    expect(await agent.next('error')).toMatchObject({ reason });
    await network().send({ count: 30 });
    await agent.stop();
    expect(agent.events.at(-1)).toMatchObject({ event: 'stopped', files: 1, packets: 50, dropped: 0 });
  });
});
