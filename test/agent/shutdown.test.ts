import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { countPackets } from '../support/agent/captureFile.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { leastDelay } from '../support/agent/promptness.ts';

const { network, start } = useAgents();

describe('SIGTERM', () => {
  test('keeps the packets that arrived just before it', async () => {
    const agent = await start({ settings: { filter: 'udp' } });
    await agent.next('started');
    await network().send({ count: 100, perSecond: 1000 });
    expect(await agent.stop()).toMatchObject({ code: 0 });
    expect(await countPackets((await agent.files())[0] ?? '')).toBe(100);
    expect(agent.events.map(({ event }) => event)).toEqual(['started', 'file closed', 'stopped']);
  });

  test('ends an idle agent at once', async () => {
    const delay = await leastDelay(1000, async () => {
      const agent = await start({ settings: { state: 'idle' } });
      await agent.next('idle');
      const { code, milliseconds } = await agent.stop();
      expect(code).toBe(0);
      expect(agent.events.map(({ event }) => event)).toEqual(['idle', 'stopped']);
      return milliseconds;
    });
    // An agent that captures goes on for a second.
    expect(delay).toBeLessThan(1000);
  });

  test('ends a waiting agent at once, also after a change of its settings', async () => {
    const delay = await leastDelay(1000, async () => {
      const agent = await start({ settings: { state: 'idle' } });
      await agent.next('idle');
      // After this time it only waits.
      await sleep(500);
      await agent.set({ filter: 'udp' });
      await agent.next('settings changed');
      await sleep(500);
      await agent.set({ state: 'running' });
      await agent.next('started');
      await agent.set({ state: 'idle' });
      await agent.next('idle');
      await sleep(500);
      const { code, milliseconds } = await agent.stop();
      expect(code).toBe(0);
      return milliseconds;
    });
    expect(delay).toBeLessThan(1000);
  });

  test('leaves no zombies after any event', async () => {
    const agent = await start({ settings: { rotate: '1s' } });
    await agent.next('started');
    await agent.set({ filter: 'udp' });
    await agent.next('started');
    const states = await Promise.all((await agent.processes()).map((pid) => readFile(`/proc/${pid}/status`, 'utf8')));
    expect(states.filter((status) => /^State:\tZ/m.test(status))).toEqual([]);
  });
});
