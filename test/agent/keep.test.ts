import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, inject, test } from 'vitest';
import { capture } from '../../scripts/cluster/command.ts';
import { statusWhen, volumeOf } from '../support/agent/agentFiles.ts';
import { bucketServer, writeSecret } from '../support/agent/bucket.ts';
import { packetNumbers } from '../support/agent/captureFile.ts';
import { startInContainer } from '../support/agent/containerCommand.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { until } from '../support/agent/until.ts';

const { folder, network, start } = useAgents();

interface Note {
  readonly id: string;
  readonly reason: string;
  readonly trigger: string;
  readonly by?: string;
  readonly files: readonly { readonly name: string; readonly packets: number; readonly bytes: number }[];
  readonly packets: number;
  readonly dropped: number;
  readonly complete: boolean;
  readonly ended?: string;
}

/**
 * The keeps in a folder of captures, or of a pod at a destination, the oldest first. A folder without a note yet is one
 * that the agent is filling.
 */
async function keepsIn(captures: string): Promise<Note[]> {
  const ids = await readdir(join(captures, 'kept')).catch(() => []);
  const notes = await Promise.all(
    ids.map(async (id) => readFile(join(captures, 'kept', id, 'keep.json'), 'utf8').catch(() => '')),
  );
  return notes
    .filter((note) => note !== '')
    .map((note) => JSON.parse(note) as Note)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** The numbers of the packets in the files of a keep. */
async function numbersOf(captures: string, { id, files }: Note): Promise<number[]> {
  const numbers = await Promise.all(files.map(async ({ name }) => packetNumbers(join(captures, 'kept', id, name))));
  return numbers.flat();
}

/** A value of `keep` for the time until now. */
function last(seconds: number, reason: string): string {
  const now = Date.now();
  return `${new Date(now - seconds * 1000).toISOString()}/${new Date(now).toISOString()} ${reason}`;
}

/** An answer to a request from the pod, or from outside of it: its code and its body, or the code of the error. */
async function post(enter: readonly string[], url: string, body = '', headers = {}): Promise<string> {
  const code = `
    const request = require('node:http').request(${JSON.stringify(url)}, { method: 'POST', headers: ${JSON.stringify(headers)} }, (answer) => {
      process.stdout.write(answer.statusCode + ' ');
      answer.pipe(process.stdout);
    });
    request.on('error', ({ code }) => process.stdout.write(code));
    request.end(${JSON.stringify(body)});`;
  return (await capture([...enter, process.execPath, '-e', code])).stdout;
}

describe('keep', () => {
  test('has the request of seconds before in 20 of 20 cases, in the pod and in the bucket, though the ring wraps meanwhile', async () => {
    const [objects, secret, captures] = [await folder(), await folder(), await folder()];
    const server = bucketServer(inject('bucketServer'), network(), objects);
    await server.makeBucket('captures');
    await server.start();
    await writeSecret(secret);
    const settings = { filter: 'udp', rotate: '1s', 'file-count': '5', upload: 's3:captures' };
    const agent = await start({ captures, secret, settings });
    await agent.next('started');
    const cases = Array.from({ length: 20 }, (_, number) => number);
    // One after the other: of values that come faster than the agent looks, it sees the last.
    let keeping: Promise<unknown> = Promise.resolve();
    const keepAfter = async (before: Promise<unknown>, sent: number, reason: string): Promise<void> => {
      await before;
      await agent.set({ keep: last((Date.now() - sent) / 1000 + 2, reason) });
      await until('word of it', () => agent.events.some((event) => event['reason'] === reason));
    };
    await Promise.all(
      cases.map(async (number) => {
        await sleep(number * 300);
        const sent = Date.now();
        await network().send({ count: 1, first: 1000 + number });
        await sleep(2000);
        keeping = keepAfter(keeping, sent, `case ${number}`);
        await keeping;
      }),
    );
    const notes = await until(
      'end of all keeps',
      async () => {
        const found = await keepsIn(captures);
        return found.length === 20 && found.every(({ ended }) => ended !== undefined) && found;
      },
      { instead: () => agent.events },
    );
    // Another round of the ring, with files that each have a packet.
    await until('another round', async () => {
      await network().send({ count: 1, first: 1 });
      await sleep(900);
      // A file that the ring removes at this moment counts as gone.
      const read = (await agent.files()).map(async (file) => packetNumbers(file).catch(() => []));
      return (await Promise.all(read)).flat().every((number) => number < 1000);
    });
    await statusWhen('of uploaded keeps', captures, ({ kept }) => Object(kept).pending === 0);
    const far = join(objects, 'captures/shop/web-1/web-1');
    await until('notes in the bucket', async () => isDeepStrictEqual(await keepsIn(far), notes));
    for (const place of [captures, far]) {
      const found = await keepsIn(place);
      expect(found).toEqual(notes);
      // Most files are in several keeps.
      const read = new Map<string, Promise<number[]>>();
      for (const note of found) {
        for (const { name } of note.files)
          read.set(name, read.get(name) ?? packetNumbers(join(place, 'kept', note.id, name)));
        const numbers = await Promise.all(note.files.map(async ({ name }) => read.get(name)));
        const number = 1000 + Number(note.reason.slice('case '.length));
        expect(numbers.flat(), `${place} ${note.reason}`).toContain(number);
        expect(note).toMatchObject({ trigger: 'annotation', complete: true, dropped: 0 });
      }
    }
    expect(agent.noise).toEqual([]);
  });

  test('by an app on loopback keeps the files, and nobody else can ask', async () => {
    const captures = await folder();
    const agent = await start({ captures, settings: { filter: 'udp', 'keep-port': '9465' } });
    await agent.next('started');
    await network().send({ count: 7 });
    const pod = network().enterPod;
    const url = 'http://127.0.0.1:9465/keep?last=1m';
    expect(await post(pod, url, '', { Origin: 'http://evil.example' })).toMatch(/^403 /);
    expect(await post(pod, url, '', { Host: 'evil.example' })).toMatch(/^421 /);
    expect(await post(pod, url, 'a=b', { 'Content-Type': 'application/x-www-form-urlencoded' })).toMatch(/^415 /);
    expect(await post(pod, 'http://10.99.0.2:9465/keep?last=1m')).toBe('ECONNREFUSED');
    expect(await post(network().enterWorld, 'http://10.99.0.2:9465/keep?last=1m')).toBe('ECONNREFUSED');
    expect(await keepsIn(captures)).toEqual([]);
    const answer = await post(pod, 'http://[::1]:9465/keep?last=1m', 'order 4711 failed');
    expect(answer).toMatch(/^200 \{"id":"20/);
    const [note, ...more] = await keepsIn(captures);
    expect(more).toEqual([]);
    expect(note).toMatchObject({ trigger: 'http', reason: 'order 4711 failed', packets: 7, complete: true });
    expect(JSON.parse(answer.slice(4))).toEqual(note);
    expect(await post(pod, url)).toMatch(/^429 /);
    await agent.set({ 'keep-port': '' });
    await agent.next('settings changed');
    await until('end of the port', async () => (await post(pod, url)) === 'ECONNREFUSED');
  });

  test('by a command prints what was kept, and refuses what it cannot read', async () => {
    const captures = await folder();
    const agent = await start({ captures, settings: { filter: 'udp' } });
    await agent.next('started');
    await network().send({ count: 3 });
    const keep = async (input: string): Promise<{ code: unknown; stdout: string; stderr: string }> => {
      const container = { network: network(), captures, settings: await folder(), capability: '' };
      const child = startInContainer(container, '/usr/bin/packet-capture-agent', 'keep');
      child.stdin.end(input);
      const [stdout, stderr, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ]);
      return { code, stdout, stderr };
    };
    const { code, stdout } = await keep('{"last":"10m","reason":"5xx","by":"alice"}\n');
    expect(code).toBe(0);
    const [note] = await keepsIn(captures);
    expect(JSON.parse(stdout)).toEqual(note);
    expect(note).toMatchObject({ trigger: 'command', reason: '5xx', by: 'alice', packets: 3, complete: true });
    // A note is asked for without an input; so it must not end with that.
    const container = { network: network(), captures, settings: await folder(), capability: '' };
    for (let round = 0; round < 10; round += 1) {
      const child = startInContainer(container, '/usr/bin/packet-capture-agent', 'send', `kept/${note?.id}/keep.json`);
      child.stdin.end();
      const [sent, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'close')]);
      expect(exitCode).toBe(0);
      expect(JSON.parse(sent.slice(sent.indexOf('\n')))).toEqual(note);
    }
    const refused = await keep('{"last":"soon"}');
    expect([refused.code, refused.stdout]).toEqual([65, '']);
    expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'INVALID_INPUT' });
    await agent.stop();
    const late = await keep('{"last":"10m"}');
    expect(late.code).toBe(66);
    expect(JSON.parse(late.stderr)).toMatchObject({ code: 'NOT_RUNNING' });
  });

  test('at SIGTERM uploads the last minutes first, and ends a window that lasts', async () => {
    const [objects, secret, captures] = [await folder(), await folder(), await folder()];
    const server = bucketServer(inject('bucketServer'), network(), objects);
    await server.makeBucket('captures');
    await server.start();
    await writeSecret(secret);
    const settings = { filter: 'udp', 'keep-on-exit': '5m', upload: 's3:captures' };
    const agent = await start({ captures, secret, settings });
    await agent.next('started');
    const hour = new Date(Date.now() + 3_600_000).toISOString();
    await agent.set({ keep: `${new Date().toISOString()}/${hour} the night` });
    await agent.next('keeping');
    await network().send({ count: 20, first: 500 });
    const { code, milliseconds } = await agent.stop();
    expect(code).toBe(0);
    // The grace period of a pod, at the end of which the kubelet kills it.
    expect(milliseconds).toBeLessThan(30_000);
    const far = join(objects, 'captures/shop/web-1/web-1');
    const [night, exit, ...more] = await keepsIn(far);
    expect(more).toEqual([]);
    expect(night).toMatchObject({ reason: 'the night', complete: false, ended: expect.any(String) });
    expect(exit).toMatchObject({ trigger: 'exit', complete: true, packets: 20 });
    for (const note of [night, exit])
      expect(note && (await numbersOf(far, note))).toEqual(Array.from({ length: 20 }, (_, number) => 500 + number));
    const files = agent.events
      .filter(({ event }) => event === 'uploaded')
      .flatMap((event) => event['files'] as string[]);
    const isKept = (name: string): boolean => name.startsWith('kept/');
    expect(files.filter(isKept).length).toBeGreaterThanOrEqual(4);
    expect(files.findIndex((name) => !isKept(name))).toBe(files.length - 1);
  });

  test('on a full disk is said and counted, and its note is written when there is room', async () => {
    const agent = await start({ captures: 'tmpfs:6m', settings: { filter: 'udp' } });
    await agent.next('started');
    await network().send({ count: 100 });
    await agent.set({ state: 'idle' });
    await agent.next('idle');
    const volume = await volumeOf(agent);
    await expect(writeFile(join(volume, 'other'), Buffer.alloc(8 * 1024 ** 2))).rejects.toThrow('ENOSPC');
    await agent.set({ keep: last(60, 'full') });
    expect(await agent.next('error')).toMatchObject({ reason: expect.stringMatching(/^keep: .*no space/) });
    expect(await agent.next('kept')).toMatchObject({ files: 1, packets: 100 });
    expect((await statusWhen('of a failure', volume, ({ kept }) => Object(kept).failed > 0))['kept']).toMatchObject({
      keeps: 1,
      files: 1,
    });
    await rm(join(volume, 'other'));
    const note = await until('note', async () => (await keepsIn(volume))[0]);
    expect(note).toMatchObject({ reason: 'full', packets: 100, files: [{ packets: 100 }] });
  });
});
