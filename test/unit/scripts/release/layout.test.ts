import { chmod, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOfFile, writeLayer } from '../../../../scripts/release/oci/layer.ts';
import { blobPath, writeLayout, type Layout } from '../../../../scripts/release/oci/layout.ts';

const seconds = 1_800_000_000;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-layout-'));
});

afterAll(async () => rm(folder, { recursive: true }));

/** A file system, written in an order, at a time of its own. */
async function makeRoot(name: string, order: readonly string[], time: number): Promise<string> {
  const root = join(folder, name);
  await mkdir(join(root, 'usr', 'bin'), { recursive: true });
  for (const path of order) {
    await writeFile(join(root, path), `of ${path}\n`);
    await utimes(join(root, path), time, time);
  }
  await chmod(join(root, 'usr/bin/b'), 0o711);
  await symlink('usr/bin', join(root, 'bin'));
  return root;
}

async function layoutOf(name: string, order: readonly string[], time: number): Promise<Layout> {
  const root = await makeRoot(`${name}-root`, order, time);
  const images = [];
  for (const architecture of ['amd64', 'arm64'] as const) {
    const layer = await writeLayer(root, join(folder, `${name}-${architecture}`), seconds);
    images.push({ architecture, layer, config: { User: '1:1' } });
  }
  return writeLayout(join(folder, name), images, { b: '2', a: '1' }, seconds);
}

const json = async (layout: Layout, digest: string): Promise<unknown> =>
  JSON.parse(await readFile(blobPath(layout.folder, digest), 'utf8'));

test('the same files have the same digest, in whatever order and whenever they were written', async () => {
  const one = await layoutOf('one', ['usr/bin/a', 'usr/bin/b', 'c'], 1000);
  const two = await layoutOf('two', ['c', 'usr/bin/b', 'usr/bin/a'], 2000);
  expect(two.digest).toBe(one.digest);
  expect(two.platforms).toEqual(one.platforms);
});

test('a layout has an index with an image for each platform, each blob under its digest', async () => {
  const layout = await layoutOf('three', ['c', 'usr/bin/b'], 1000);
  const index = await json(layout, layout.digest);
  expect(index).toMatchObject({
    annotations: { a: '1', b: '2' },
    manifests: [
      { platform: { os: 'linux', architecture: 'amd64' }, digest: layout.platforms['linux/amd64'] },
      { platform: { os: 'linux', architecture: 'arm64' }, digest: layout.platforms['linux/arm64'] },
    ],
  });
  const manifest = (await json(layout, layout.platforms['linux/arm64'] ?? '')) as {
    readonly config: { readonly digest: string; readonly size: number };
    readonly layers: ReadonlyArray<{ readonly digest: string }>;
  };
  const [layer] = manifest.layers;
  const packed = await readFile(blobPath(layout.folder, layer?.digest ?? ''));
  await writeFile(join(folder, 'layer.tar'), gunzipSync(packed));
  expect(await json(layout, manifest.config.digest)).toMatchObject({
    architecture: 'arm64',
    created: '2027-01-15T08:00:00Z',
    config: { User: '1:1', Labels: { a: '1', b: '2' } },
    rootfs: { diff_ids: [await digestOfFile(join(folder, 'layer.tar'))] },
  });
  for (const digest of [layout.digest, manifest.config.digest, layer?.digest ?? ''])
    expect(await digestOfFile(blobPath(layout.folder, digest))).toBe(digest);
});
