import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Agent } from '../support/agent/agent.ts';
import { packetNumbers } from '../support/agent/captureFile.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { leastDelay } from '../support/agent/promptness.ts';
import { until } from '../support/agent/until.ts';
import { makeCpuGroup, type CpuGroup } from '../support/bench/agent/cpuGroup.ts';

const { network, start } = useAgents();
const hosts = (count: number): string =>
  Array.from({ length: count }, (_, i) => `host 10.${Math.floor(i / 250)}.${i % 250}.${(i * 7) % 250}`).join(' or ');
let group: CpuGroup;

/** The default limit of the sidecar. */
const cores = 0.25;

beforeAll(async () => {
  group = await makeCpuGroup(`packet-capture-starved-${process.pid}`);
});
afterAll(() => group.remove());

/** Starts an agent whose container has a quarter of a core. */
async function startStarved(settings: Record<string, string>): Promise<Agent> {
  const { enterPod, ...rest } = network();
  const agent = await start({ settings, network: { ...rest, enterPod: [...group.enter, ...enterPod] } });
  await agent.next('started');
  await group.limit(cores);
  return agent;
}

/** Waits until the compiler is running and uses all of the CPU time. */
async function compiles(agent: Agent): Promise<void> {
  await until('the compiler', async () => (await agent.processes()).length > 1);
}

/** The median of five measurements, in milliseconds, in the best of several tries. */
async function median(measure: () => Promise<number>): Promise<number> {
  return leastDelay(bound, async () => {
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) times.push(await measure());
    return times.toSorted((x, y) => x - y)[2] ?? Infinity;
  });
}

const bound = 100;

/** The most expensive annotations, with the default limit of CPU. */
describe('with a quarter of a core', () => {
  test('a filter of 780 hosts loses no packet of the running capture, and one of 16,000 tabs is accepted', async () => {
    const agent = await startStarved({ filter: 'udp port 9999' });
    await agent.set({ filter: hosts(780) });
    await compiles(agent);
    await network().send({ count: 2000, perSecond: 1000 });
    expect(agent.events.map(({ event }) => event)).not.toContain('invalid setting');
    expect(await agent.next('invalid setting')).toMatchObject({
      setting: 'filter',
      reason: expect.stringContaining('is too long for the kernel'),
    });
    expect(await agent.next('file closed')).toMatchObject({ packets: 2000, dropped: 0 });
    await agent.set({ filter: `udp${'\t'.repeat(16_000)}port 9999` });
    await agent.next('started');
    await network().send({ count: 100, first: 2000, perSecond: 1000 });
    await group.limit(undefined);
    await agent.stop();
    const numbers = (await Promise.all((await agent.files()).map(packetNumbers))).flat();
    expect(numbers).toEqual(Array.from({ length: 2100 }, (_, number) => number));
  });

  test('`idle` is noticed within 100 ms while such a filter is compiled', async () => {
    const agent = await startStarved({ filter: 'udp port 9999' });
    let count = 300;
    const heard = await median(async () => {
      await agent.set({ state: 'running', filter: hosts((count += 1)) });
      await compiles(agent);
      const begin = performance.now();
      await agent.set({ state: 'idle' });
      await agent.next('idle');
      return performance.now() - begin;
    });
    console.log(`idle is heard after ${heard.toFixed(0)} ms`);
    expect(heard).toBeLessThan(bound);
  });

  test('SIGTERM is noticed within 100 ms while such a filter is compiled', async () => {
    const heard = await median(async () => {
      const agent = await startStarved({ filter: 'udp port 9999' });
      await agent.set({ filter: hosts(350) });
      await compiles(agent);
      const { code, milliseconds } = await agent.stop();
      expect(code).toBe(0);
      await group.limit(undefined);
      // The capture goes on for a second, for the app's last packets.
      return milliseconds - 1000;
    });
    console.log(`SIGTERM is heard after ${heard.toFixed(0)} ms`);
    expect(heard).toBeLessThan(bound);
  });
});
