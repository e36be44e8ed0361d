import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, test } from 'vitest';
import { askAsApp, bucketServer, credentials, uploadedFiles, writeSecret } from '../support/agent/bucket.ts';
import { countPackets, mergeFiles, packetNumbers, tshark } from '../support/agent/captureFile.ts';
import { useAgents } from '../support/agent/fixture.ts';

const { folder, network, start } = useAgents();
/** The programs whose versions are in the note of a file. */
const programs = ['agent'];

/** Everything that the agent has written besides the captures. */
async function ownFiles(captures: string): Promise<string> {
  const entries = await readdir(join(captures, '.agent'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n');
}

/** Sends a hundred packets each time, so that every file has some. */
async function sendRounds(first: number, end: number): Promise<void> {
  for (let round = first; round < end; round += 1) {
    await network().send({ count: 100, first: round * 100 });
    await sleep(500);
  }
}

describe('the upload', () => {
  test('stores every packet in the bucket, also if its server is away for a while, and no packet of its own', async () => {
    const [objects, secret, captures] = [await folder(), await folder(), await folder()];
    const server = bucketServer(inject('bucketServer'), network(), objects);
    await server.makeBucket('captures');
    await server.start();
    await writeSecret(secret);
    const agent = await start({
      captures,
      secret,
      environment: { POD_NAME: 'web-5d4f7c9b8-x2x4z' },
      labels: { app: 'web', 'pod-template-hash': '5d4f7c9b8' },
      settings: { rotate: '1s', 'file-count': '50', upload: 's3:captures/prod/' },
    });
    await agent.next('started');
    await sendRounds(0, 3);
    await server.stop();
    await sendRounds(3, 6);
    expect(await agent.next('upload failed')).toMatchObject({
      reason: expect.any(String),
      pending: expect.any(Number),
    });
    await server.start();
    await sendRounds(6, 9);
    await askAsApp(network());
    const { code, milliseconds } = await agent.stop();
    await server.stop();
    expect(code).toBe(0);
    // The grace period of a pod, at the end of which the kubelet kills it.
    expect(milliseconds).toBeLessThan(30_000);
    expect(agent.noise).toEqual([]);

    const uploaded = await uploadedFiles(join(objects, 'captures'));
    const all = await mergeFiles(
      uploaded.map(({ path }) => path),
      join(await folder(), 'all.pcapng'),
    );
    const numbers = await packetNumbers(all);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 900 }, (_, number) => number));
    expect(uploaded.map(({ json }) => json['file'])).toEqual(
      (await agent.files()).map((file) => file.split('/').at(-1)),
    );
    for (const { path, name, json, sha256 } of uploaded) {
      expect(name).toMatch(/^prod\/shop\/web\/web-5d4f7c9b8-x2x4z\/\d{8}T\d{6}Z-\d{5}$/);
      expect(json).toMatchObject({
        namespace: 'shop',
        workload: 'web',
        pod: 'web-5d4f7c9b8-x2x4z',
        node: 'node0',
        interfaces: ['eth0'],
        filter: '',
        snaplen: 0,
        dropped: 0,
        sha256,
        packets: await countPackets(path),
        versions: Object.fromEntries(programs.map((program) => [program, expect.stringMatching(/^\d+\.\d+\.\d+$/)])),
      });
      expect(Date.parse(String(json['ended']))).toBeGreaterThanOrEqual(Date.parse(String(json['started'])));
    }
    // According to the captures, only the app has connected to the bucket's server.
    const ports = await tshark(all, 'ip.src', 'tcp.srcport', 'tcp.dstport');
    const toServer = ports
      .filter(([source, , port]) => source === '10.99.0.2' && port === '7070')
      .map(([, port]) => Number(port));
    expect(new Set(toServer).size).toBe(1);
    expect(toServer[0]).toBeLessThan(61_000);
    const said = JSON.stringify(agent.events) + (await ownFiles(captures));
    expect(said).not.toContain(credentials.secret);
    expect(said).not.toContain(credentials.access);
    const { upload } = JSON.parse(await readFile(join(captures, '.agent/status.json'), 'utf8')) as {
      upload: unknown;
    };
    expect(upload).toMatchObject({
      destination: 's3:captures/prod/',
      pending: 0,
      pendingBytes: 0,
      uploaded: uploaded.length,
      lost: 0,
      lastError: '',
    });
  });
});
