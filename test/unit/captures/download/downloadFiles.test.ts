import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fetchFile, type FetchedFile } from '../../../../src/captures/download/fetchFile.ts';
import { listFiles, parseKept, parseListing, type RemoteFile } from '../../../../src/captures/download/listing.ts';
import { buildAgentProgram } from '../../../support/captures/agentProgram.ts';
import { createLocalPod, type LocalPod } from '../../../support/captures/localPod.ts';

let local: LocalPod;
const content = randomBytes(300_000);
const sha256 = createHash('sha256').update(content).digest('hex');
const file: RemoteFile = { name: 'web-1_20261123040000_00001.pcapng', bytes: content.length, open: false };

// Once, and not in the time of the first test.
beforeAll(buildAgentProgram, 600_000);

beforeEach(async () => {
  local = await createLocalPod();
  await writeFile(join(local.captures, file.name), content);
});

afterEach(async () => local.remove());

async function fetch(changed: Partial<RemoteFile> = {}): Promise<FetchedFile & { readonly received: number }> {
  let received = 0;
  const onBytes = (bytes: number): void => void (received += bytes);
  return {
    ...(await fetchFile({
      start: local.start,
      pod: local.pod,
      file: { ...file, ...changed },
      folder: local.folder,
      onBytes,
    })),
    received,
  };
}

describe('fetchFile', () => {
  test('brings a file whole, and not a second time', async () => {
    expect(await fetch()).toMatchObject({
      result: 'downloaded',
      sha256,
      path: join(local.folder, file.name),
      reason: null,
      received: content.length,
    });
    expect(await readFile(join(local.folder, file.name))).toEqual(content);
    expect((await stat(join(local.folder, file.name))).mode & 0o777).toBe(0o600);
    expect(await fetch()).toMatchObject({ result: 'present', received: 0 });
    expect(await readdir(local.folder)).toEqual([file.name]);
    expect(await local.transfers()).toEqual(['0 300000']);
  });

  test('continues a part of an earlier call, when it is the beginning of the file', async () => {
    await writeFile(join(local.folder, `${file.name}.part`), content.subarray(0, 123_456));
    expect(await fetch()).toMatchObject({ result: 'resumed', sha256, received: content.length });
    expect(await readFile(join(local.folder, file.name))).toEqual(content);
    expect(await local.transfers()).toEqual(['123456 300000']);
  });

  test.each([
    ['not the beginning', Buffer.alloc(1000), ['1000 300000', '0 300000']],
    ['longer than the file', Buffer.alloc(300_001), ['0 300000']],
  ])('begins anew when it is %s', async (_, part, transfers) => {
    await writeFile(join(local.folder, `${file.name}.part`), part);
    expect(await fetch()).toMatchObject({ result: 'downloaded', sha256, received: content.length });
    expect(await readFile(join(local.folder, file.name))).toEqual(content);
    expect(await local.transfers()).toEqual(transfers);
  });

  test('continues when the connection ends early, as long as bytes arrive', async () => {
    // A line with a checksum is 65 bytes; with the second one it comes first.
    await local.spoil(100_065, 40, 50_130);
    expect(await fetch()).toMatchObject({ result: 'resumed', sha256 });
    expect(await readFile(join(local.folder, file.name))).toEqual(content);
    expect(await local.transfers()).toEqual(['0 300000', '100000 300000', '100000 300000', '150000 300000']);
  });

  test('gives up when nothing comes; no file has the name, and what was there stays for the next call', async () => {
    await writeFile(join(local.folder, `${file.name}.part`), content.subarray(0, 10));
    await local.spoil(0, 0, 0);
    expect(await fetch()).toMatchObject({
      result: 'failed',
      path: null,
      reason: 'the connection ended early: error: connection reset',
    });
    expect(await readdir(local.folder)).toEqual([`${file.name}.part`]);
    expect((await fetch()).result).toBe('resumed');
  });

  test('fetches again what came garbled, and gives no file its name whose checksum is another', async () => {
    await local.spoil('garble');
    expect(await fetch()).toMatchObject({ result: 'downloaded', sha256 });
    expect(await readFile(join(local.folder, file.name))).toEqual(content);
    await rm(join(local.folder, file.name));
    await local.spoil('garble', 'garble', 'garble');
    expect(await fetch()).toMatchObject({
      result: 'failed',
      path: null,
      reason: "in every attempt its checksum was not the pod's",
    });
    expect(await readdir(local.folder)).toEqual([]);
  });

  test('two calls at once for the same file both end with the whole file, and nothing else', async () => {
    const results = await Promise.all([fetch(), fetch()]);
    // The second one continues what the first one has written, when it begins later.
    for (const { result } of results) expect(['downloaded', 'resumed', 'present']).toContain(result);
    expect(await readFile(join(local.folder, file.name))).toEqual(content);
    expect(await readdir(local.folder)).toEqual([file.name]);
  });

  test('two calls at once for a file that is still being written both end with a whole snapshot', async () => {
    const results = await Promise.all([1000, 1000, 2000].map(async (bytes) => fetch({ open: true, bytes })));
    for (const one of results) expect(one).toMatchObject({ result: 'downloaded', received: one.bytes });
    const [name, ...more] = await readdir(local.folder);
    expect([name, more]).toEqual(['web-1_20261123040000_00001.open.pcapng', []]);
    const snapshot = await readFile(join(local.folder, name ?? ''));
    expect(snapshot).toEqual(content.subarray(0, snapshot.length));
  });

  test('a file that was removed from the ring is reported, and leaves nothing behind', async () => {
    await rm(join(local.captures, file.name));
    expect(await fetch()).toMatchObject({
      result: 'vanished',
      path: null,
      reason: 'it was removed from the ring before it could be fetched',
    });
    expect(await readdir(local.folder)).toEqual([]);
  });

  test('an open file is a snapshot under another name, which is removed when the file is complete', async () => {
    const open = await fetch({ open: true, bytes: 1000 });
    expect(open).toMatchObject({
      result: 'downloaded',
      path: join(local.folder, 'web-1_20261123040000_00001.open.pcapng'),
    });
    expect(await readFile(open.path ?? '')).toEqual(content.subarray(0, 1000));
    expect((await fetch({ open: true, bytes: 2000 })).result).toBe('downloaded');
    expect(await readFile(open.path ?? '')).toEqual(content.subarray(0, 2000));
    await fetch();
    expect(await readdir(local.folder)).toEqual([file.name]);
  });

  test('a folder that cannot be written to ends the download', async () => {
    await mkdir(join(local.folder, `${file.name}.part`));
    await expect(fetch()).rejects.toMatchObject({ code: 'FILE_UNWRITABLE', where: join(local.folder, file.name) });
  });
});

const ring = (number: number): string => `web-1_2026112304000${number}_0000${number}.pcapng`;
const listing = (status: string, ...names: readonly string[]): RemoteFile[] =>
  parseListing([status, ...names.map((name) => `7 ${name}`)].join('\n'), 'web-1');

describe('the files of a pod', () => {
  test('are sorted by age; those from the open one on are open', () => {
    const status = JSON.stringify({ state: 'capturing', file: `/captures/${ring(2)}` });
    // The third was opened after the status was read.
    expect(listing(status, ring(3), 'notes.pcapng', ring(1), ring(2))).toEqual([
      { name: 'notes.pcapng', bytes: 7, open: false },
      { name: ring(1), bytes: 7, open: false },
      { name: ring(2), bytes: 7, open: true },
      { name: ring(3), bytes: 7, open: true },
    ]);
  });

  test('are all closed while nothing is captured; without a status the newest counts as open', () => {
    expect(listing('{"state":"idle","file":""}', ring(1), ring(2)).map(({ open }) => open)).toEqual([false, false]);
    expect(listing('', ring(1), ring(2)).map(({ open }) => open)).toEqual([false, true]);
    expect(listing('')).toEqual([]);
  });

  test('with other names are ignored', () => {
    expect(
      listing(
        '',
        '../../etc/passwd.pcapng',
        '.part.pcapng',
        'a/b.pcapng',
        '-x.pcapng',
        'a b.pcapng',
        'status.json',
        `${'x'.repeat(300)}.pcapng`,
      ),
    ).toEqual([]);
  });

  test('that are kept are told apart, each with its keep; others than theirs are ignored', () => {
    const lines = [
      '',
      'now 2026-11-29T03:05:00Z',
      `7 ${ring(1)}`,
      `7 kept/20261129T030500Z/${ring(1)}`,
      '9 kept/20261129T030500Z/keep.json',
      '9 kept/20261129T030500Z/.uploaded',
      `7 kept/../${ring(1)}`,
      `7 kept/a/b/${ring(1)}`,
      `7 kept/20261129T030500Z/../${ring(1)}`,
    ].join('\n');
    expect(parseListing(lines, 'web-1').map(({ name }) => name)).toEqual([ring(1)]);
    const id = '20261129T030500Z';
    expect(parseKept(lines)).toEqual([
      { name: `kept/${id}/${ring(1)}`, bytes: 7, open: false, id, isNote: false },
      { name: `kept/${id}/keep.json`, bytes: 9, open: false, id, isNote: true },
    ]);
  });

  test('are listed in the pod', async () => {
    await mkdir(join(local.captures, '.agent'));
    await writeFile(
      join(local.captures, '.agent', 'status.json'),
      JSON.stringify({ state: 'capturing', file: `/captures/${ring(9)}` }),
    );
    await writeFile(join(local.captures, ring(9)), 'abc');
    expect(await listFiles(local.kubectl, local.pod)).toEqual({
      files: [file, { name: ring(9), bytes: 3, open: true }],
      kept: [],
      // Both clocks are this machine's.
      clock: { shown: expect.any(BigInt), asked: expect.anything(), ahead: 0 },
    });
    expect(await listFiles(local.kubectl, { ...local.pod, ready: false, phase: 'Pending' })).toEqual({
      problem: expect.stringContaining('Pending'),
    });
  });
});
