import { chmod, truncate } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { countPackets } from '../support/agent/captureFile.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { sendSteadily } from '../support/agent/steadyPackets.ts';

const { folder, network, start } = useAgents();

describe('the agent goes on', () => {
  test('when the volume is full: it waits for space and deletes nothing', async () => {
    const agent = await start({ captures: 'tmpfs:6m', settings: { filter: 'udp' } });
    await agent.next('started');
    const stop = sendSteadily(network(), 5000, 1000);
    const closed = await agent.next('file closed');
    expect(await agent.next('error')).toMatchObject({ reason: expect.stringMatching(/space/) });
    expect(await agent.next('error')).toMatchObject({ reason: '/captures is full: less than 1Mi is free' });
    await stop();
    const [file = '', ...more] = await agent.files();
    expect(more).toEqual([]);
    expect(closed['packets']).toBe(await countPackets(file));
    expect(closed['packets']).toBeGreaterThan(4000);
    await truncate(file, 0);
    await agent.next('started');
    await network().send({ count: 11 });
    await agent.set({ state: 'idle' });
    expect(await agent.next('file closed')).toMatchObject({ packets: 11 });
    expect(await agent.stop()).toMatchObject({ code: 0 });
  });

  test('when the container has no NET_RAW', async () => {
    const agent = await start({ capability: '' });
    expect(await agent.next('error')).toMatchObject({
      reason: 'no permission to capture: the container has no NET_RAW',
      retry: '1s',
    });
    expect(await agent.next('error')).toMatchObject({ retry: '2s' });
    expect(await agent.files()).toEqual([]);
    expect(await agent.stop()).toMatchObject({ code: 0 });
  });

  test('when it may not write to the volume', async () => {
    const captures = await folder();
    await chmod(captures, 0o755);
    const agent = await start({ captures });
    expect(await agent.next('error')).toMatchObject({ reason: '/captures cannot be written to' });
    await chmod(captures, 0o777);
    await agent.next('started');
  });
});
