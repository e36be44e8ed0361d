import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mergeInto } from '../../../../src/captures/download/index.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-merge-'));
});

afterEach(async () => rm(folder, { recursive: true }));

test('the output is replaced completely or not at all', async () => {
  const [target, whole, broken] = ['all.pcapng', 'whole.pcapng', 'broken.pcapng'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(target, 'before');
  await writeFile(whole, emptySection());
  await writeFile(broken, 'this is no capture file');
  const file = (path: string): { namespace: string; pod: string; path: string } => ({
    namespace: 'shop',
    pod: 'web-1',
    path,
  });

  await expect(mergeInto(target, [file(whole), file(broken)], 'test')).rejects.toMatchObject({
    code: 'CAPTURE_INVALID',
    where: expect.stringContaining(broken),
  });
  expect(await readFile(target, 'utf8')).toBe('before');
  await expect(mergeInto(join(folder, 'missing', 'all.pcapng'), [file(whole)], 'test')).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
  });
  expect((await readdir(folder)).toSorted()).toEqual(['all.pcapng', 'broken.pcapng', 'whole.pcapng']);

  expect(await mergeInto(target, [file(whole)], 'test')).toMatchObject({ files: 1, truncated: [] });
  expect((await readFile(target)).readUInt32LE(0)).toBe(0x0a0d0d0a);
});

/** A section header block, alone: pcapng 1.0, of unknown length. */
function emptySection(): Buffer {
  const block = Buffer.alloc(28);
  block.writeUInt32LE(0x0a0d0d0a, 0);
  block.writeUInt32LE(28, 4);
  block.writeUInt32LE(0x1a2b3c4d, 8);
  block.writeUInt16LE(1, 12);
  block.writeBigInt64LE(-1n, 16);
  block.writeUInt32LE(28, 24);
  return block;
}
