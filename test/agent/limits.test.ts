import { describe, expect, test } from 'vitest';
import { countPackets } from '../support/agent/captureFile.ts';
import { useAgents } from '../support/agent/fixture.ts';

const { folder, network, start } = useAgents();
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe('packet-count', () => {
  test('ends the capture after that many packets in all files, and a changed setting starts it again', async () => {
    const captures = await folder();
    const settings = { filter: 'udp', 'packet-count': '3000', 'file-size': '1Mi' };
    const agent = await start({ captures, settings });
    await agent.next('started');
    await network().send({ count: 2000, size: 1000, perSecond: 10_000 });
    await network().send({ count: 2000, size: 1000, perSecond: 10_000 });
    expect(await agent.next('idle')).toMatchObject({ reason: 'packet-count' });
    const counts = await Promise.all((await agent.files()).map(countPackets));
    expect(counts.length).toBeGreaterThan(2);
    expect(sum(counts)).toBe(3000);
    await agent.stop();

    const restarted = await start({ captures, settings });
    expect(await restarted.next('idle')).toMatchObject({ reason: 'packet-count' });
    await restarted.alone();
    await restarted.set({ 'packet-count': '10' });
    await restarted.next('started');
    await network().send({ count: 25 });
    await restarted.next('idle');
    await restarted.stop();
    expect(restarted.events.at(-1)).toMatchObject({ event: 'stopped', packets: 10 });
  });
});

describe('duration', () => {
  test('ends the capture after that time', async () => {
    const from = performance.now();
    const agent = await start({ settings: { duration: '3s', rotate: '1s' } });
    await agent.next('started');
    await network().send({ count: 5 });
    expect(await agent.next('idle')).toMatchObject({ reason: 'duration' });
    expect((performance.now() - from) / 1000).toBeGreaterThan(3);
    await agent.alone();
    await agent.stop();
    expect(agent.events.at(-1)).toMatchObject({ event: 'stopped', packets: 5 });
    expect(sum(await Promise.all((await agent.files()).map(countPackets)))).toBe(5);
  });
});
