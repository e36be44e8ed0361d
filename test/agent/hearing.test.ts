import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { SettingValues } from '../../src/settings/index.ts';
import type { Agent } from '../support/agent/agent.ts';
import { credentials, writeSecret } from '../support/agent/bucket.ts';
import { tshark } from '../support/agent/captureFile.ts';
import { dearFilter } from '../support/agent/dearFilter.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { leastDelay } from '../support/agent/promptness.ts';
import { sendSteadily } from '../support/agent/steadyPackets.ts';
import { until } from '../support/agent/until.ts';

const { folder, network, start } = useAgents();

async function started(settings: SettingValues, secret = ''): Promise<Agent> {
  const agent = await start({ settings: { filter: 'udp', ...settings }, secret });
  await agent.next('started');
  return agent;
}

/** What the agent may be doing at that time. */
const busy: Readonly<Record<string, () => Promise<Agent>>> = {
  'while packets come': async () => started({}),
  'while a filter is compiled that is dear': async () => {
    const agent = await started({});
    await agent.set({ filter: dearFilter(350) });
    await agent.next('settings changed');
    return agent;
  },
  'while a file waits for a bucket that cannot be reached': async () => {
    const secret = await folder();
    await writeSecret(secret, credentials, '10.99.0.7:7070');
    const agent = await started({ rotate: '1s', upload: 's3:captures/none' }, secret);
    await network().send({ count: 1 });
    await agent.next('file closed');
    // No other file is closed by itself now.
    await agent.set({ rotate: '60s' });
    await agent.next('started');
    return agent;
  },
};

const filesClosed = ({ events }: Agent): number => events.filter(({ event }) => event === 'file closed').length;

/**
 * For how many milliseconds packets are captured after an event, at a thousand packets a second. This is measured by
 * the packets' times, so that a delay of this test does not matter.
 */
async function capturedAfter(work: () => Promise<Agent>, tell: (agent: Agent) => Promise<unknown>): Promise<number> {
  const agent = await work();
  // Until the last file is closed: there is always a next packet.
  const stop = sendSteadily(network(), 1000);
  await sleep(300);
  const [told, closed] = [Date.now(), filesClosed(agent)];
  await tell(agent);
  await until('the end of the last file', () => filesClosed(agent) > closed);
  const times = await Promise.all((await agent.files()).map(async (file) => tshark(file, 'frame.time_epoch')));
  await stop();
  await agent.kill();
  return Math.max(...times.flat(2).map(Number)) * 1000 - told;
}

describe.each(Object.entries(busy))('%s', (_, work) => {
  test('SIGTERM is noticed within 100 ms, and packets are captured for one more second', async () => {
    const terminate = async (agent: Agent): Promise<void> => {
      const [pid = 0] = await agent.processes();
      process.kill(pid, 'SIGTERM');
    };
    const captured: number[] = [];
    const noticed = await leastDelay(100, async () => {
      captured.push(await capturedAfter(work, terminate));
      return (captured.at(-1) ?? 0) - 1000;
    });
    expect(noticed).toBeLessThan(100);
    expect(Math.max(...captured)).toBeGreaterThan(900);
  });

  test('`idle` is noticed within 100 ms', async () => {
    const idle = async (agent: Agent): Promise<unknown> => agent.set({ state: 'idle' });
    expect(await leastDelay(100, async () => capturedAfter(work, idle))).toBeLessThan(100);
  });
});
