import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { attach, killTree } from '../support/agent/attachedAgent.ts';
import { countPackets, packetNumbers } from '../support/agent/captureFile.ts';
import { startInContainer } from '../support/agent/containerCommand.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { sendSteadily } from '../support/agent/steadyPackets.ts';
import { until } from '../support/agent/until.ts';

const agents = useAgents();
const { network } = agents;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number);
const comment = async (file: string): Promise<string> => (await run(['capinfos', '-k', file])).stdout;

describe('an agent without volumes', () => {
  test('waits for set, captures to its writable layer, and says in each file who asked for it and why', async () => {
    const attached = await attach(agents);
    const { agent } = attached;
    expect(await attached.status()).toMatchObject({
      state: 'idle',
      attached: { until: expect.stringMatching(/^20\d\d-/) },
      settings: { state: 'idle', 'file-size': '16Mi', 'file-count': '4' },
    });
    const { exitCode, stdout, stderr } = await attached.set({
      state: 'running',
      filter: 'udp',
      by: 'alice',
      reason: 'INC-7: "5xx" at <night>',
      upload: 's3:nowhere',
      mirror: 'vxlan://10.99.0.1',
    });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'running', filter: 'udp', snaplen: '0', by: 'alice' });
    await agent.next('started');
    await network().send({ count: 12 });
    // Another reason, by another user: another file, and no packet less.
    await attached.set({ by: 'bob', reason: null });
    await agent.next('started');
    await network().send({ count: 5 });
    await attached.set({ state: '' });
    await agent.next('idle');
    const [first = '', second = '', ...more] = await attached.files();
    expect(more).toEqual([]);
    expect([await countPackets(first), await countPackets(second)]).toEqual([12, 5]);
    expect(await comment(first)).toContain(String.raw`"by":"alice","reason":"INC-7: \"5xx\" at <night>"}`);
    expect(await comment(second)).toContain('"by":"bob"}');
    const refused = { reason: 'not available when attached' };
    const status = await until('its status', async () => {
      const last = await attached.status();
      return last['state'] === 'idle' && last['packets'] === 17 && last;
    });
    expect(status['invalid']).toMatchObject([
      { setting: 'upload', ...refused },
      { setting: 'mirror', ...refused },
    ]);
    // Only its user may read any of it.
    for (const name of ['.settings', '.settings/..data', '.agent'])
      expect((await stat(join(attached.folder, name))).mode & 0o777, name).toBe(0o700);
    expect((await stat(first)).mode & 0o777).toBe(0o600);
    expect(agent.noise).toEqual([]);
  });

  test.each([
    ['a name that does not exist', { filtre: 'udp' }, 65, 'UNKNOWN_SETTING'],
    ['a duration that is none', { ttl: 'soon' }, 65, 'INVALID_INPUT'],
    ['what is not JSON', 'filter=udp', 65, 'INVALID_INPUT'],
    ['a value that is no text', { 'file-count': 4 }, 65, 'INVALID_INPUT'],
  ])('%s is refused with a code, and changes nothing', async (_, request, code, name) => {
    const attached = await attach(agents);
    const { exitCode, stdout, stderr } = await attached.set(request);
    expect([exitCode, stdout]).toEqual([code, '']);
    expect(JSON.parse(stderr)).toMatchObject({ code: name, reason: expect.any(String) });
    expect(attached.agent.events.map(({ event }) => event)).toEqual(['idle']);
  });

  test('a sidecar, which has a volume of settings, is not changed by set', async () => {
    const [captures, volume] = [await agents.folder(), await agents.folder()];
    const agent = await agents.start({ captures, volume, settings: { filter: 'udp' } });
    await agent.next('started');
    const container = { network: network(), captures, settings: volume, capability: 'net_raw' };
    const child = startInContainer(container, '/usr/bin/packet-capture-agent', 'set');
    child.stdin.end('{"filter":"tcp"}');
    let reason = '';
    child.stderr.on('data', (bytes: Buffer) => (reason += bytes.toString()));
    expect(await once(child, 'close')).toEqual([66, null]);
    expect(JSON.parse(reason)).toMatchObject({ code: 'NOT_ATTACHED' });
    expect(agent.events.map(({ event }) => event)).toEqual(['started']);
  });

  test('changes while packets come leave no hole: each packet is in one file', async () => {
    const attached = await attach(agents);
    const { agent } = attached;
    await attached.set({ state: 'running', filter: 'udp', 'file-count': '100' });
    await agent.next('started');
    const stop = sendSteadily(network(), 2000);
    const changes = [
      { filter: 'udp port 9999' },
      { snaplen: '96' },
      { 'file-size': '2Mi' },
      { interfaces: 'eth0,lo' },
      { 'buffer-size': '8Mi', reason: 'drops' },
      { filter: 'udp', snaplen: null, interfaces: '' },
      { reason: '' },
    ];
    for (const change of changes) {
      expect((await attached.set(change)).exitCode).toBe(0);
      await agent.next('started');
    }
    const sent = await stop();
    await agent.stop();
    expect((await Promise.all((await attached.files()).map(packetNumbers))).flat()).toEqual(upTo(sent));
    expect(agent.events.at(-1)).toMatchObject({ event: 'stopped', packets: sent, dropped: 0 });
  });

  test('of 100 changes at once none is lost', async () => {
    const attached = await attach(agents);
    // Each of these has one writer, while all others write the filter.
    const single = { rotate: '7s', duration: '8h', snaplen: '77', 'file-size': '7Mi', 'file-count': '7', by: 'eve' };
    const requests = [
      ...Object.entries(single).map(([name, value]) => ({ [name]: value })),
      ...upTo(94).map((number) => ({ filter: `udp port ${number + 1}` })),
    ];
    const ends = await Promise.all(requests.map((request) => attached.set(request)));
    expect(ends.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(requests.map(() => [0, '']));
    expect(JSON.parse((await attached.set({})).stdout)).toMatchObject({
      ...single,
      filter: expect.stringMatching(/^udp port \d+$/),
    });
    await until('the last one in force', async () => {
      const { settings, attached: more } = await attached.status();
      return (settings as { rotate: string }).rotate === '7s' && (more as { by: string }).by === 'eve';
    });
    expect(attached.agent.noise).toEqual([]);
  });

  test('a full disk is reported and counted, and the capture can still be stopped', async () => {
    const attached = await attach(agents, { size: '6m' });
    const { agent } = attached;
    await attached.set({ state: 'running', filter: 'udp', reason: 'much' });
    await agent.next('started');
    const stop = sendSteadily(network(), 5000, 1000);
    const closed = await agent.next('file closed');
    expect(await agent.next('error')).toMatchObject({ reason: expect.stringMatching(/space/) });
    expect(await agent.next('error')).toMatchObject({ reason: '/captures is full: less than 1Mi is free' });
    await stop();
    const [file = ''] = await attached.files();
    expect(closed['packets']).toBe(await countPackets(file));
    expect((await attached.set({ state: 'idle' })).stderr).toBe('');
    await agent.next('idle');
    const { packets, dropped } = await until('its status', async () => {
      const last = await attached.status();
      return last['state'] === 'idle' && last;
    });
    expect(packets).toBe(closed['packets']);
    expect((dropped as { queue: number }).queue).toBeGreaterThan(0);
  });
});

describe('the end of an attached agent', () => {
  test('comes after its TTL, which set moves: a warning, closed files, exit code 0', async () => {
    const attached = await attach(agents, { ttl: '1h' });
    const { agent } = attached;
    await attached.set({ state: 'running', filter: 'udp', ttl: '5s' });
    await agent.next('ending');
    const moved = performance.now();
    await attached.set({ ttl: '6s' });
    await agent.next('ending');
    await agent.next('started');
    await network().send({ count: 40 });
    expect(await agent.exited).toBe(0);
    // Both times are written in whole seconds.
    expect(performance.now() - moved).toBeGreaterThan(5000);
    expect(agent.events.at(-1)).toMatchObject({ event: 'stopped', packets: 40, files: 1 });
    const [file = ''] = await attached.files();
    expect(await countPackets(file)).toBe(40);
    // Statistics are what a file that was closed ends with.
    expect((await run(['capinfos', '-x', '-c', file])).stdout).toContain('40');
    expect(agent.noise).toEqual([]);
  });

  test('waits for a live capture, and not for one that was killed', async () => {
    const attached = await attach(agents);
    const { agent } = attached;
    const live = attached.start('capture', '--filter', 'udp', '--by', 'alice', '--reason', 'INC-8');
    const pieces: Buffer[] = [];
    live.stdout.on('data', (bytes: Buffer) => pieces.push(bytes));
    await until('a header', () => pieces.length > 0);
    expect(Buffer.concat(pieces).toString('latin1')).toContain('{"filter":"udp","by":"alice","reason":"INC-8"}');
    await attached.set({ ttl: '1s' });
    await agent.next('ending');
    expect(await agent.next('ending')).toMatchObject({ reason: 'a command is still running' });
    await sleep(1500);
    const before = pieces.length;
    await network().send({ count: 3 });
    await until('packets', () => pieces.length > before);
    const ended = once(live, 'exit');
    await killTree(live.pid);
    await ended;
    expect(await agent.exited).toBe(0);
  });
});
