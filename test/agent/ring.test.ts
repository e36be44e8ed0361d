import { readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { countPackets } from '../support/agent/captureFile.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { until } from '../support/agent/until.ts';

const { folder, network, start } = useAgents();
const mebibyte = 1024 ** 2;

async function bytesIn(path: string): Promise<number> {
  const names = (await readdir(path)).filter((name) => name.endsWith('.pcapng'));
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(path, name)).catch(() => ({ size: 0 }))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe('the ring', () => {
  test('counts exactly and loses no packet when files follow each other quickly', async () => {
    // With a buffer for all packets, in case the agent has to wait for a processor.
    const settings = { filter: 'udp', 'file-size': '1Mi', 'file-count': '100', 'buffer-size': '64Mi' };
    const agent = await start({ settings });
    await agent.next('started');
    await network().send({ count: 15_000, size: 1000, perSecond: 20_000 });
    await agent.stop();
    const closed = agent.events.filter(({ event }) => event === 'file closed');
    const files = await agent.files();
    expect(files.length).toBeGreaterThan(15);
    expect(closed.map(({ file }) => basename(String(file)))).toEqual(files.map((file) => basename(file)));
    expect(closed.map(({ packets }) => packets)).toEqual(await Promise.all(files.map(countPackets)));
    expect(closed.map(({ bytes }) => bytes)).toEqual(
      await Promise.all(files.map(async (file) => (await stat(file)).size)),
    );
    expect(Math.max(...closed.map(({ bytes }) => Number(bytes)))).toBeLessThanOrEqual(mebibyte);
    expect(agent.events.at(-1)).toMatchObject({ event: 'stopped', packets: 15_000, dropped: 0, files: files.length });
  });

  test('never exceeds its budget, also after two restarts', async () => {
    const captures = await folder();
    await writeFile(join(captures, 'notes.pcapng'), 'none of the ring');
    let largest = 0;
    const done = new AbortController();
    const measure = (async () => {
      while (!done.signal.aborted) {
        largest = Math.max(largest, await bytesIn(captures));
        await sleep(5);
      }
    })();
    const newest: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const agent = await start({ captures, settings: { filter: 'udp', 'file-size': '1Mi', 'file-count': '4' } });
      await agent.next('started');
      // The open one, and as many closed ones as the ring has.
      expect((await readdir(captures)).filter((name) => name.startsWith('web-1_'))).toHaveLength(round === 0 ? 1 : 5);
      await network().send({ count: 15_000, size: 1400 });
      if (round === 1) await agent.kill();
      else await agent.stop();
      const files = await agent.files();
      newest.push(files.filter((file) => !file.endsWith('notes.pcapng')).at(-1) ?? '');
    }
    done.abort();
    await measure;
    expect(largest).toBeGreaterThan(2.5 * mebibyte);
    expect(largest).toBeLessThanOrEqual(5 * mebibyte);
    const names = await readdir(captures);
    expect(names.filter((name) => name.startsWith('web-1_'))).toHaveLength(4);
    expect(names).toContain('notes.pcapng');
    expect(newest).toEqual(newest.toSorted());
  });

  test('rotates without packets too, and an empty file does not remove another', async () => {
    const agent = await start({ settings: { filter: 'udp', rotate: '1s', 'file-count': '2' } });
    await agent.next('started');
    await network().send({ count: 5 });
    const packets = async (): Promise<number> => Number((await agent.next('file closed'))['packets']);
    let kept = 0;
    while (kept < 5) kept += await packets();
    for (let rotation = 0; rotation < 4; rotation += 1) expect(await packets()).toBe(0);
    expect(agent.events.at(-1)).toMatchObject({ packets: 0, kept: false });
    await agent.stop();
    const files = await agent.files();
    const counts = await Promise.all(files.map(countPackets));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5);
  });

  test('includes the notes of uploads, which contain the filter, in its size', async () => {
    const captures = await folder();
    const filter = `udp${`\n${' '.repeat(59)}`.repeat(270)}`;
    const agent = await start({
      captures,
      settings: { filter, snaplen: '1500', 'file-size': '1Mi', 'file-count': '5', upload: 's3:nowhere' },
    });
    await agent.next('started');
    await network().send({ count: 2500, size: 1400, perSecond: 5000 });
    for (let closed = 0; closed < 3; closed += 1) await agent.next('file closed');
    const queue = join(captures, '.agent/upload/queue');
    const notes = await until('three notes', async () => {
      const names = (await readdir(queue)).filter((name) => name.endsWith('.json')).toSorted();
      return names.length >= 3 && names.map((name) => join(queue, name));
    });
    const files = await agent.files();
    for (const [index, note] of notes.entries()) {
      const [file, beside] = await Promise.all(
        [files[index] ?? '', note].map(async (path) => (await stat(path)).blocks * 512),
      );
      expect(beside).toBeGreaterThan(filter.length);
      expect((file ?? 0) + (beside ?? 0)).toBeLessThanOrEqual(mebibyte);
      expect(file).toBeGreaterThan(0.95 * mebibyte);
    }
  });

  test('refuses settings for which the volume is too small', async () => {
    const environment = { PACKET_CAPTURE_SIZE_LIMIT: '32Mi' };
    const agent = await start({ environment, settings: { 'file-size': '4Mi', 'file-count': '7' } });
    await agent.next('started');
    await agent.set({ 'file-count': '8' });
    expect(await agent.next('invalid setting')).toMatchObject({
      setting: 'file-size',
      reason: expect.stringContaining('volume of 32Mi'),
    });
    await agent.alone();
  });
});
