import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { tshark } from '../support/agent/captureFile.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { holds } from '../support/agent/memory.ts';

const { folder, network, start } = useAgents();
const secret = 'TOP-SECRET-OF-THE-APP';

/** The app sends datagrams that all contain the secret. */
async function sendSecrets(count: number): Promise<void> {
  await run([
    ...network().enterPod,
    'bash',
    '-c',
    `for ((i = 0; i < ${count}; i++)); do echo "${secret}-$i" > /dev/udp/10.99.0.1/9999; done`,
  ]);
}

describe('snaplen: headers', () => {
  test('stores headers that tshark reads, and no byte of payload in files or memory', async () => {
    const agent = await start({ settings: { filter: 'udp port 9999', snaplen: 'headers' } });
    expect(await agent.next('started')).toMatchObject({ snaplen: 'headers' });
    await sendSecrets(2000);
    expect(await holds(await agent.capturing(), secret)).toBe(false);
    await agent.stop();
    const [file = ''] = await agent.files();
    expect((await readFile(file)).includes(secret.slice(0, 8))).toBe(false);
    const rows = await tshark(file, 'frame.cap_len', 'frame.len', 'ip.dst', 'udp.dstport', 'udp.length');
    expect(rows).toHaveLength(2000);
    const length = (i: number): number => `${secret}-${i}\n`.length;
    expect(rows.map((row) => row.map(Number))).toEqual(
      rows.map((_, i) => [42, 42 + length(i), Number.NaN, 9999, 8 + length(i)]),
    );
    expect(new Set(rows.map(([, , address]) => address))).toEqual(new Set(['10.99.0.1']));
  });

  test('can begin and end during a capture', async () => {
    const agent = await start({ settings: { filter: 'udp port 9999' } });
    await agent.next('started');
    await sendSecrets(10);
    // This shows that the search in the memory would find it.
    expect(await holds(await agent.capturing(), secret)).toBe(true);
    await agent.set({ snaplen: 'headers' });
    expect(await agent.next('started')).toMatchObject({ snaplen: 'headers' });
    await sendSecrets(10);
    await agent.stop();
    const rows = await Promise.all((await agent.files()).map(async (file) => tshark(file, 'frame.cap_len')));
    expect(rows.map((lines) => lines.map(([length]) => Number(length) > 42))).toEqual([
      Array.from({ length: 10 }, () => true),
      Array.from({ length: 10 }, () => false),
    ]);
  });

  test('next to a mirror, which copies whole packets in the kernel, keeps payload out of both programs', async () => {
    const settings = { filter: 'udp port 9999', snaplen: 'headers', mirror: 'vxlan://10.99.0.1:4790' };
    const [captures, volume] = [await folder(), await folder()];
    const agent = await start({ captures, volume, settings });
    const mirror = await start({ captures, volume, settings, program: 'mirror', capability: 'net_admin' });
    await mirror.next('mirror started');
    await sendSecrets(200);
    for (const program of [agent, mirror]) expect(await holds((await program.processes())[0] ?? 0, secret)).toBe(false);
    await mirror.stop();
    expect(mirror.events.findLast(({ event }) => event === 'mirror stopped')).toMatchObject({ packets: 200 });
  });
});
