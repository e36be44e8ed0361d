import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { SettingValues } from '../../src/settings/index.ts';
import type { Agent } from '../support/agent/agent.ts';
import { credentials, writeSecret } from '../support/agent/bucket.ts';
import { tshark } from '../support/agent/captureFile.ts';
import { dearFilter } from '../support/agent/dearFilter.ts';
import { useAgents } from '../support/agent/fixture.ts';
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
 * For how many seconds packets are captured after an event, at a thousand packets a second. This is measured by the
 * packets' times, so that a delay of this test does not matter.
 */
async function capturedAfter(work: () => Promise<Agent>, tell: (agent: Agent) => Promise<unknown>): Promise<number> {
  const agent = await work();
  const sending = network().send({ count: 2000, perSecond: 1000 });
  await sleep(300);
  const [told, closed] = [Date.now(), filesClosed(agent)];
  await tell(agent);
  await until('the end of the last file', () => filesClosed(agent) > closed);
  const times = await Promise.all((await agent.files()).map(async (file) => tshark(file, 'frame.time_epoch')));
  await sending;
  await agent.kill();
  return Math.max(...times.flat(2).map(Number)) - told / 1000;
}

/** The smallest of up to three measurements, because other programs share the machine. */
async function least(seconds: () => Promise<number>, wanted: number): Promise<number> {
  let found = await seconds();
  for (let run = 1; run < 3 && found > wanted; run += 1) found = Math.min(found, await seconds());
  return found;
}

describe.each(Object.entries(busy))('%s', (_, work) => {
  test('SIGTERM is noticed within 100 ms, and packets are captured for one more second', async () => {
    const terminate = async (agent: Agent): Promise<void> => {
      const [pid = 0] = await agent.processes();
      process.kill(pid, 'SIGTERM');
    };
    const captured = await least(async () => capturedAfter(work, terminate), 1.1);
    expect(captured).toBeLessThan(1.1);
    expect(captured).toBeGreaterThan(0.9);
  });

  test('`idle` is noticed within 100 ms', async () => {
    expect(
      await least(async () => capturedAfter(work, async (agent) => agent.set({ state: 'idle' })), 0.1),
    ).toBeLessThan(0.1);
  });
});
