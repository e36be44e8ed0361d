import { describe, expect, test } from 'vitest';
import type { Agent } from '../support/agent/agent.ts';
import { countPackets } from '../support/agent/captureFile.ts';
import { dearFilter } from '../support/agent/dearFilter.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { childrenOf } from '../support/agent/processTree.ts';
import { until } from '../support/agent/until.ts';

const { network, start } = useAgents();

/** The agent gives the compiler half a minute: who waits for one that cannot go on waits longer than this. */
const notWaited = 15_000;

/**
 * Sets a costly filter, and stops its compiler as soon as that runs, so that it does not end by itself. Another filter
 * when the compiler was faster: on a busy machine this test looks seldom.
 */
async function stopCompiler(agent: Agent): Promise<void> {
  const starts = (): number => agent.events.filter(({ event }) => event === 'started').length;
  for (let hosts = 350; ; hosts += 1) {
    const before = starts();
    await agent.set({ filter: dearFilter(hosts) });
    const compiler = await until('the compiler', async () => {
      const [child] = await childrenOf(await agent.capturing());
      return child ?? (starts() > before ? -1 : undefined);
    });
    try {
      if (compiler > 0) process.kill(compiler, 'SIGSTOP');
      if (compiler > 0) return;
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** The most expensive filters that one annotation can contain. */
describe('a filter that takes long to compile', () => {
  // The compiler has a low priority on this machine.
  test('is compiled before the capture changes, and refused if it is too long for the kernel', async () => {
    const agent = await start({ settings: { filter: 'udp port 9999' } });
    await agent.next('started');
    await agent.set({ filter: dearFilter(780) });
    await network().send({ count: 20, port: 9999, perSecond: 1000 });
    const { setting, reason } = await agent.next('invalid setting');
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
    await stopCompiler(agent);
    const begin = performance.now();
    await agent.set({ state: 'idle' });
    await agent.next('idle');
    expect(performance.now() - begin).toBeLessThan(notWaited);
    await agent.alone();
    await agent.stop();
  });

  test('does not delay SIGTERM, and sixteen thousand tabs are accepted', async () => {
    const agent = await start({ settings: { filter: `udp${'\t'.repeat(16_000)}port 9999` } });
    await agent.next('started');
    await network().send({ count: 3, port: 9999 });
    await stopCompiler(agent);
    const { code, milliseconds } = await agent.stop();
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(notWaited);
    expect(await Promise.all((await agent.files()).map(countPackets))).toEqual([3]);
  });
});
