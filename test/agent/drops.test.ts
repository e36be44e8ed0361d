import { describe, expect, test } from 'vitest';
import { useAgents } from '../support/agent/fixture.ts';

const { network, start } = useAgents();

describe('packets that the kernel drops', () => {
  test.each(['eth0', 'eth0,lo'])(
    'are counted in the report of the next closed file, and the capture goes on: %s',
    async (interfaces) => {
      const agent = await start({ settings: { filter: 'udp', interfaces, rotate: '1s', 'buffer-size': '1Mi' } });
      await agent.next('started');
      const dumpcap = await agent.capturing();
      process.kill(dumpcap, 'SIGSTOP');
      await network().send({ count: 4000, size: 1000 });
      process.kill(dumpcap, 'SIGCONT');
      let [packets, dropped] = [0, 0];
      while (packets + dropped < 4000) {
        const closed = await agent.next('file closed');
        packets += Number(closed['packets']);
        dropped += Number(closed['dropped']);
      }
      expect(packets + dropped).toBe(4000);
      expect(dropped).toBeGreaterThan(1000);
      expect(await agent.capturing()).toBe(dumpcap);
      await agent.stop();
      expect(agent.events.at(-1)).toMatchObject({ event: 'stopped', packets, dropped });
    },
  );
});
