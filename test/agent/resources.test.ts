import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Agent } from './agent.ts';
import { useAgents } from './fixture.ts';

const { network, start } = useAgents();

/** Anonymous memory of all processes of the container, in kB. */
async function anonymousMemory(agent: Agent): Promise<number> {
  const statuses = await Promise.all((await agent.processes()).map((pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')));
  return statuses.reduce((sum, status) => sum + Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0), 0);
}

/** Seconds that the agent's process has run. */
async function processorTime(agent: Agent): Promise<number> {
  const [pid] = await agent.processes();
  const [nanoseconds = ''] = (await readFile(`/proc/${pid}/schedstat`, 'utf8')).split(' ');
  return Number(nanoseconds) / 1e9;
}

describe('the container', () => {
  test('idle: at most 3 MB of anonymous memory, and less than a thousandth of a core', async () => {
    const agent = await start({ settings: { state: 'idle' } });
    await agent.next('idle');
    await agent.alone();
    const from = await processorTime(agent);
    await sleep(5000);
    const share = (await processorTime(agent) - from) / 5;
    const memory = await anonymousMemory(agent);
    console.log(`idle: ${memory} kB anonymous, ${(share * 100).toFixed(3)} % of a core`);
    expect(memory).toBeLessThan(3000);
    expect(share).toBeLessThan(0.001);
  });

  test('running: at most 3 MB of anonymous memory, while packets come and after them', async () => {
    const agent = await start({ settings: { filter: 'udp', rotate: '1s' } });
    await agent.next('started');
    const sent = network().send({ count: 20_000, size: 1000, perSecond: 10_000 });
    const memory: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      await sleep(150);
      memory.push(await anonymousMemory(agent));
    }
    await sent;
    console.log(`running: ${Math.max(...memory)} kB anonymous`);
    expect(Math.max(...memory)).toBeLessThan(3000);
  });
});
