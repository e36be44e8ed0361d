import { describe, expect, test } from 'vitest';
import { countPackets } from '../support/agent/captureFile.ts';
import { dearFilter } from '../support/agent/dearFilter.ts';
import { useAgents } from '../support/agent/fixture.ts';

const { network, start } = useAgents();

/** What one annotation can ask of the compiler and of whoever reads it. */
describe('a filter that is dear', () => {
  // The compiler gives way to everything else on this machine.
  test('is compiled before the capture is touched, and refused when the kernel cannot have it', async () => {
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

  test('does not keep it from hearing `idle` meanwhile', async () => {
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

  test('does not keep SIGTERM waiting, and sixteen thousand tabs are no trouble', async () => {
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
