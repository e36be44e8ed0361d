import { describe, expect, test } from 'vitest';
import { countPackets } from '../support/agent/captureFile.ts';
import { dearFilter } from '../support/agent/dearFilter.ts';
import { useAgents } from '../support/agent/fixture.ts';

const { network, start } = useAgents();

/** The most expensive filters that one annotation can contain. */
describe('a filter that takes long to compile', () => {
  // The compiler has a low priority on this machine.
  test('is compiled before the capture changes, and refused if it is too long for the kernel', async () => {
    const agent = await start({ settings: { filter: 'udp port 9999' } });
    await agent.next('started');
    await agent.set({ filter: dearFilter(780) });
    await network().send({ count: 20, port: 9999, perSecond: 1000 });
    const { setting, reason } = await agent.next('invalid setting', 40_000);
    expect(setting).toBe('filter');
    expect(reason).toMatch(/^is too long for the kernel: it has \d+ instructions, and at most \d+ are allowed$/);
    await agent.set({ filter: 'udp port 9998' });
    await agent.next('started');
    await agent.stop();
    const packets = await Promise.all((await agent.files()).map(countPackets));
    expect(packets.reduce((sum, count) => sum + count, 0)).toBe(20);
  });

  test('does not delay a change to `idle`', async () => {
    const agent = await start();
    await agent.next('started');
    await agent.set({ filter: dearFilter(350) });
    await agent.next('settings changed');
    const begin = Date.now();
    await agent.set({ state: 'idle' });
    await agent.next('idle');
    expect(Date.now() - begin).toBeLessThan(1000);
    await agent.stop();
  });

  test('does not delay SIGTERM, and sixteen thousand tabs are accepted', async () => {
    const agent = await start({ settings: { filter: `udp${'\t'.repeat(16_000)}port 9999` } });
    await agent.next('started');
    await network().send({ count: 3, port: 9999 });
    await agent.set({ filter: dearFilter(350) });
    await agent.next('settings changed');
    const { code, milliseconds } = await agent.stop();
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(4000);
    expect(await Promise.all((await agent.files()).map(countPackets))).toEqual([3]);
  });
});
