import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { settings } from '../../src/settings/index.ts';
import { version } from '../../src/version.ts';
import { readStatus, statusWhen, volumeOf } from '../support/agent/agentFiles.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { sendSteadily } from '../support/agent/steadyPackets.ts';

const { folder, network, start } = useAgents();
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const nothingDropped = { kernel: 0, interface: 0, queue: 0 };

async function ringOf(captures: string): Promise<{ files: number; bytes: number }> {
  const names = (await readdir(captures)).filter((name) => name.endsWith('.pcapng'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(captures, name))).size));
  return { files: names.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

describe('status.json', () => {
  test('shows what is captured, including packets of the open file, and does not change without packets', async () => {
    const captures = await folder();
    const agent = await start({ captures, settings: { filter: 'udp port 9999', snaplen: '96', rotate: '1h' } });
    const { file } = await agent.next('started');
    await network().send({ count: 321 });
    const status = await statusWhen('with 321 packets', captures, ({ packets }) => packets === 321);
    expect(status).toEqual({
      time,
      version,
      state: 'capturing',
      reason: '',
      started: time,
      interfaces: ['eth0'],
      filter: 'udp port 9999',
      snaplen: 96,
      file,
      files: 0,
      packets: 321,
      bytes: expect.any(Number),
      dropped: nothingDropped,
      ring: { files: 1, bytes: expect.any(Number) },
      kept: {
        keeps: 0,
        files: 0,
        bytes: 0,
        limit: 64 * 1024 ** 2,
        ids: [],
        lasting: [],
        pending: 0,
        total: 0,
        leftOut: 0,
        removed: 0,
        failed: 0,
      },
      invalid: [],
      settings: expect.objectContaining({
        state: 'running',
        filter: 'udp port 9999',
        snaplen: '96',
        rotate: '1h',
        'file-size': '16Mi',
        upload: '',
        mirror: '',
      }),
    });
    expect(Object.keys(Object(status['settings']))).toEqual(settings.map(({ name }) => name));
    expect(Math.abs(Date.parse(String(status['time'])) - Date.now())).toBeLessThan(60_000);
    expect(status['bytes']).toBe((await ringOf(captures)).bytes);
    expect(status['ring']).toEqual(await ringOf(captures));
    const before = (await stat(join(captures, '.agent/status.json'))).mtimeMs;
    await sleep(2200);
    expect((await stat(join(captures, '.agent/status.json'))).mtimeMs).toBe(before);
    // Another value begins another file.
    await agent.set({ rotate: '2h' });
    await agent.next('file closed');
    await agent.next('started');
    await network().send({ count: 100 });
    expect(await statusWhen('with a closed file', captures, ({ packets }) => packets === 421)).toMatchObject({
      files: 1,
      ring: { files: 2 },
    });
    await agent.stop();
    const last = await readStatus(captures);
    expect(last).toMatchObject({
      state: 'stopped',
      files: 2,
      packets: 421,
      file: '',
      interfaces: [],
      ring: await ringOf(captures),
    });
    expect(last?.['bytes']).toBe(agent.events.at(-1)?.['bytes']);
    expect(agent.noise).toEqual([]);
    expect(await readdir(join(captures, '.agent'))).toEqual(['new', 'status.json']);
  });

  test('shows why the agent is idle, waiting or invalid, and starts again in a new container', async () => {
    const captures = await folder();
    const agent = await start({ captures, settings: { state: 'idle', stream: 'nowhere' } });
    const stream = { setting: 'stream', value: 'nowhere', reason: 'must be HOST:PORT or [IPV6]:PORT' };
    expect(await statusWhen('idle', captures, ({ state }) => state === 'idle')).toMatchObject({
      reason: 'state',
      started: '',
      file: '',
      packets: 0,
      invalid: [stream],
    });
    await agent.set({ state: 'running', stream: '', filter: 'tcp prt "80"' });
    const reason = expect.stringMatching(/syntax error/);
    expect(await statusWhen('invalid', captures, ({ state }) => state === 'invalid')).toMatchObject({
      filter: 'tcp prt "80"',
      invalid: [{ setting: 'filter', value: 'tcp prt "80"', reason }],
    });
    await agent.set({ filter: '', snaplen: 'x' });
    expect(
      await statusWhen(
        'invalid again',
        captures,
        ({ snaplen, invalid }) => snaplen === 0 && JSON.stringify(invalid).includes('snaplen'),
      ),
    ).toMatchObject({ state: 'invalid', filter: '' });
    await agent.set({ snaplen: '', interfaces: 'net9' });
    const missing = 'there is no interface net9';
    expect(await statusWhen('waiting', captures, ({ state }) => state === 'waiting')).toMatchObject({
      reason: missing,
      invalid: [],
      lastError: { time, reason: missing, retry: '1s' },
    });
    await agent.set({ interfaces: '', filter: 'udp', 'packet-count': '7' });
    await agent.next('started');
    await network().send({ count: 9 });
    const idle = { reason: 'packet-count', packets: 7, files: 1, ring: { files: 1 }, lastError: { reason: missing } };
    expect(await statusWhen('idle', captures, ({ state }) => state === 'idle')).toMatchObject(idle);
    await agent.kill();

    const restarted = await start({ captures, settings: { filter: 'udp', 'packet-count': '7' } });
    await restarted.next('idle');
    const fresh = await statusWhen('of the new container', captures, ({ packets }) => packets === 0);
    expect(fresh).toMatchObject({
      state: 'idle',
      reason: 'packet-count',
      files: 0,
      bytes: 0,
      ring: await ringOf(captures),
    });
    expect(fresh).not.toHaveProperty('lastError');
  });

  test('counts the files that the ring has, without those that were empty or removed', async () => {
    const captures = await folder();
    const agent = await start({ captures, settings: { filter: 'udp', rotate: '1s', 'file-count': '2' } });
    await agent.next('started');
    for (let round = 0; round < 3; round += 1) {
      await network().send({ count: 50 });
      while ((await agent.next('file closed'))['packets'] === 0);
    }
    await agent.next('file closed');
    await agent.set({ state: 'idle' });
    await agent.next('idle');
    const ring = await ringOf(captures);
    expect(ring.files).toBeLessThan(3);
    // Three, unless a file was closed in the middle of the fifty.
    const files = agent.events.filter(({ event, packets }) => event === 'file closed' && packets !== 0).length;
    expect(files).toBeGreaterThanOrEqual(3);
    expect(await statusWhen('idle', captures, ({ state }) => state === 'idle')).toMatchObject({
      files,
      packets: 150,
      ring,
    });
    await rm(join(captures, basename(String((await agent.files())[0]))));
    await agent.set({ state: 'running', rotate: '1h' });
    await agent.next('started');
    expect(await statusWhen('capturing', captures, ({ state }) => state === 'capturing')).toMatchObject({
      ring: await ringOf(captures),
    });
  });

  test('counts the packets that the kernel dropped apart from those of the interface and the queue', async () => {
    const captures = await folder();
    const agent = await start({ captures, settings: { filter: 'udp', interfaces: 'eth0,lo', 'buffer-size': '1Mi' } });
    await agent.next('started');
    const dumpcap = await agent.capturing();
    process.kill(dumpcap, 'SIGSTOP');
    await network().send({ count: 4000, size: 1000 });
    process.kill(dumpcap, 'SIGCONT');
    const status = await statusWhen(
      'with drops',
      captures,
      ({ packets, dropped }) => Number(packets) + (dropped as { kernel: number }).kernel === 4000,
    );
    expect(status['dropped']).toMatchObject({ interface: 0, queue: 0 });
    // The buffer of 1 MiB holds fewer than a thousand of these packets while the agent is stopped.
    expect((status['dropped'] as { kernel: number }).kernel).toBeGreaterThan(2000);
    await agent.stop();
    expect(await readStatus(captures)).toMatchObject({ packets: status['packets'], dropped: status['dropped'] });
  });

  test('is written on a full volume without an error', async () => {
    const agent = await start({ captures: 'tmpfs:6m', settings: { filter: 'udp' } });
    await agent.next('started');
    const captures = await volumeOf(agent);
    const stop = sendSteadily(network(), 5000, 1000);
    const reason = '/captures is full: less than 1Mi is free';
    expect(await statusWhen('of a full volume', captures, (status) => status['reason'] === reason)).toMatchObject({
      state: 'waiting',
      files: 1,
    });
    await stop();
    expect(agent.noise).toEqual([]);
  });
});
