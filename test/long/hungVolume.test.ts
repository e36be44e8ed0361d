import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { agentRootfs } from '../support/agent/rootfs.ts';
import { sendSteadily } from '../support/agent/steadyPackets.ts';
import { gaps, readNumbered } from '../support/cluster/sequence.ts';

const perSecond = 2000;
const port = 9999;

const { folder, network, start } = useAgents();
let root = '';

beforeAll(async () => {
  root = await agentRootfs(stderrProgress);
}, 1_800_000);

/** A folder on an ext4 of its own, which can be frozen: a write then waits, as for a disk that does not answer. */
async function withVolume(work: (captures: string) => Promise<void>): Promise<void> {
  const home = await folder();
  const [image, captures] = [join(home, 'image'), join(home, 'captures')];
  await mkdir(captures);
  await run(['truncate', '--size', '256M', image]);
  await run(['mkfs.ext4', '-q', '-m', '0', image]);
  await run(['mount', '-o', 'loop', image, captures]);
  try {
    await chmod(captures, 0o777);
    await work(captures);
  } finally {
    await run(['fsfreeze', '--unfreeze', captures], { exitCodes: [0, 1] });
    await run(['umount', '--lazy', captures]);
  }
}

/**
 * While nobody takes blocks of 256 KiB from it, the kernel fills one every 60 ms, be it with a single packet
 * (agent/internal/capture/socket.go): 8Mi are enough for 1.9 s, 1Mi for 0.24 s.
 */
test.each([
  ['what fits into the buffer is stored', '8Mi', 1000, false],
  ['what is more than that is counted', '1Mi', 3000, true],
])(
  'when a volume hangs for some seconds: %s, and SIGTERM takes effect as soon as the volume answers',
  async (_, buffer, freeze, loses) => {
    await withVolume(async (captures) => {
      const agent = await start({ root, captures, settings: { filter: 'udp', 'buffer-size': buffer } });
      await agent.next('started');
      const stop = sendSteadily(network(), perSecond);
      onTestFinished(async () => void (await stop()));
      await sleep(1000);
      await run(['fsfreeze', '--freeze', captures]);
      await sleep(freeze);
      const ending = agent.stop();
      await sleep(500);
      expect(agent.events.at(-1)).toMatchObject({ event: 'started' });
      await run(['fsfreeze', '--unfreeze', captures]);
      const { code, milliseconds } = await ending;
      await stop();
      expect(code).toBe(0);
      // Half a second frozen, a second for the last packets, and the end.
      expect(milliseconds).toBeLessThan(2500);
      const packets = await readNumbered(await agent.files(), port);
      const lost = gaps(packets).reduce((sum, [first, last]) => sum + last - first + 1, 0);
      const dropped = agent.events.at(-1)?.['dropped'];
      console.log(JSON.stringify({ buffer, freeze, stored: packets.length, lost, dropped, milliseconds }));
      expect(dropped).toBe(lost);
      expect(lost > 0).toBe(loses);
    });
  },
);
