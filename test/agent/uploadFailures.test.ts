import { readdirSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { statusWhen } from '../support/agent/agentFiles.ts';
import { bucketServer, credentials, uploadedFiles, writeSecret, type BucketServer } from '../support/agent/bucket.ts';
import { countPackets, mergeFiles, packetNumbers } from '../support/agent/captureFile.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { until } from '../support/agent/until.ts';

const { folder, network, start } = useAgents();
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** A running server with a bucket `captures`, and the settings to use it. */
async function startServer(): Promise<{ server: BucketServer; bucket: string; secret: string }> {
  const [objects, secret] = [await folder(), await folder()];
  const server = bucketServer(inject('bucketServer'), network(), objects);
  await server.makeBucket('captures');
  await server.start();
  await writeSecret(secret);
  return { server, bucket: join(objects, 'captures'), secret };
}

interface Remover {
  readonly removed: ReadonlySet<string>;
  readonly close: () => void;
}

/** Removes each capture file from the ring as soon as the bucket has it, until it is closed. */
function removeUploaded(captures: string, bucket: string): Remover {
  const removed = new Set<string>();
  const look = (): void => {
    const uploaded = readdirSync(bucket, { recursive: true, encoding: 'utf8' });
    const endings = uploaded.flatMap((path) => /-\d+\.pcapng$/.exec(path)?.[0].replace('-', '_') ?? []);
    for (const name of readdirSync(captures).filter((file) => endings.some((ending) => file.endsWith(ending)))) {
      rmSync(join(captures, name), { force: true });
      removed.add(name);
    }
  };
  // A watch overlooks what is in a new folder before it is watched too.
  const watcher = watch(bucket, { recursive: true }, look);
  const again = setInterval(look, 20);
  let closed = false;
  const close = (): void => {
    if (!closed) look();
    closed = true;
    clearInterval(again);
    watcher.close();
  };
  return { removed, close };
}

describe('a failing upload is reported, the capture goes on, and nothing is missing when the cause is gone:', () => {
  const settings = { filter: 'udp', rotate: '1s', upload: 's3:captures' };

  test('wrong credentials, a missing Secret, a missing bucket', async () => {
    const { server, secret } = await startServer();
    const [wrong, missing] = [await folder(), await folder()];
    await writeSecret(wrong, { access: credentials.access, secret: 'somebody/elses+secret/key' });
    const agents = await Promise.all([
      start({ secret: wrong, settings, environment: { POD_NAME: 'wrong' } }),
      start({ secret: missing, settings, environment: { POD_NAME: 'missing' } }),
      start({ secret, settings: { ...settings, upload: 's3:none' }, environment: { POD_NAME: 'none' } }),
      start({ secret, settings: { ...settings, upload: 'gcs:captures' }, environment: { POD_NAME: 'remote' } }),
    ]);
    await Promise.all(agents.map((agent) => agent.next('started')));
    await network().send({ count: 10 });
    const reasons = await Promise.all(agents.map(async (agent) => (await agent.next('upload failed'))['reason']));
    expect(reasons).toEqual([
      expect.stringContaining('SignatureDoesNotMatch'),
      'the Secret packet-capture-upload is not there, or has no rclone.conf',
      expect.stringContaining('NoSuchBucket'),
      expect.stringContaining("didn't find section in config file"),
    ]);
    await writeSecret(wrong);
    await writeSecret(missing);
    await server.makeBucket('none');
    await network().send({ count: 10 });
    await agents[3]?.set({ upload: 's3:captures' });
    const uploads = await Promise.all(agents.map((agent) => agent.next('uploaded')));
    expect(uploads.every(({ files }) => Array.isArray(files) && files.length > 0)).toBe(true);
    const said = JSON.stringify(agents.map(({ events, noise }) => [events, noise]));
    for (const text of [credentials.secret, credentials.access, 'somebody/elses']) expect(said).not.toContain(text);
    await server.stop();
  });

  test('files that the ring removes before their upload are counted and named as lost', async () => {
    const { server, bucket, secret } = await startServer();
    await server.stop();
    const captures = await folder();
    const agent = await start({ captures, secret, settings: { ...settings, 'file-count': '2' } });
    await agent.next('started');
    for (let round = 0; round < 6; round += 1) {
      await network().send({ count: 50, first: round * 50 });
      while ((await agent.next('file closed'))['packets'] === 0);
      await sleep(200);
    }
    const lost = await statusWhen(
      'with losses',
      captures,
      ({ upload }) => (upload as { lost: number } | undefined)?.lost !== 0,
    );
    expect(lost['upload']).toMatchObject({ uploaded: 0, lastError: expect.stringContaining('connection refused') });
    await server.start();
    await agent.stop();
    await server.stop();
    const losses = agent.events.filter(({ event }) => event === 'upload lost');
    const closed = agent.events
      .filter(({ event, kept }) => event === 'file closed' && kept === true)
      .map(({ file }) => file);
    expect(losses.length).toBeGreaterThan(1);
    expect(losses.map(({ file }) => file)).toEqual(closed.slice(0, losses.length));
    const uploaded = await uploadedFiles(bucket);
    expect(
      sum(losses.map(({ packets }) => Number(packets))) + sum(uploaded.map(({ json }) => Number(json['packets']))),
    ).toBe(300);
    const numbers = await packetNumbers(
      await mergeFiles(
        uploaded.map(({ path }) => path),
        join(await folder(), 'all.pcapng'),
      ),
    );
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => 300 - numbers.length + index));
    expect(numbers.length).toBeGreaterThan(0);
  });

  test('a file that the ring removes between its upload and the check of it does not count as lost', async () => {
    const { server, bucket, secret } = await startServer();
    const captures = await folder();
    const watcher = removeUploaded(captures, bucket);
    onTestFinished(() => watcher.close());
    const agent = await start({ captures, secret, settings });
    await agent.next('started');
    for (let round = 0; round < 3; round += 1) {
      await network().send({ count: 50, first: round * 50 });
      await agent.next('file closed');
    }
    await agent.next('uploaded');
    await agent.stop();
    await server.stop();
    watcher.close();
    expect(agent.events.filter(({ event }) => event === 'upload lost' || event === 'upload failed')).toEqual([]);
    const uploaded = await uploadedFiles(bucket);
    expect(sum(uploaded.map(({ json }) => Number(json['packets'])))).toBe(150);
    expect(uploaded.every(({ json, sha256 }) => json['sha256'] === sha256)).toBe(true);
    const told = agent.events.filter(({ event }) => event === 'uploaded').flatMap(({ files }) => files as string[]);
    expect(told).toHaveLength(uploaded.length);
    expect(watcher.removed.size).toBe(uploaded.length);
  });

  test('a new container uploads the files of one that was killed, also the open file', async () => {
    const { server, bucket, secret } = await startServer();
    await server.stop();
    const captures = await folder();
    const first = await start({ captures, secret, settings });
    await first.next('started');
    await network().send({ count: 100 });
    await first.next('file closed');
    await first.set({ rotate: '60s' });
    await first.next('started');
    await network().send({ count: 100, first: 100 });
    const [open = ''] = (await first.files()).slice(-1);
    await until('all packets in the file', async () => (await countPackets(open)) === 100);
    await first.kill();
    await server.start();
    const second = await start({ captures, secret, settings });
    await second.next('started');
    await network().send({ count: 100, first: 200 });
    await second.stop();
    await server.stop();
    const uploaded = await uploadedFiles(bucket);
    const all = await mergeFiles(
      uploaded.map(({ path }) => path),
      join(await folder(), 'all.pcapng'),
    );
    expect(await packetNumbers(all)).toEqual(Array.from({ length: 300 }, (_, number) => number));
    expect(uploaded.filter(({ json }) => json['dropped'] === null)).toEqual([
      expect.objectContaining({ json: expect.objectContaining({ packets: 100, filter: 'udp' }) }),
    ]);
    expect(uploaded.every(({ json, sha256 }) => json['sha256'] === sha256)).toBe(true);
  });
});
