import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contentHash, fullName } from '../../../../scripts/cluster/images.ts';

test.each([
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.7.9', 'docker.io/library/nginx:1.7.9'],
  ['packet-capture/agent:0.1.0', 'docker.io/packet-capture/agent:0.1.0'],
  ['docker.io/library/nginx:1.7.9', 'docker.io/library/nginx:1.7.9'],
  ['localhost/pause:1', 'localhost/pause:1'],
  ['registry:5000/app', 'registry:5000/app:latest'],
  ['ghcr.io/a/b:c', 'ghcr.io/a/b:c'],
])('%s is %s for Kubernetes', (image, expected) => expect(fullName(image)).toBe(expected));

describe('what an image is built from', () => {
  let folder = '';
  const hash = (base = 'base'): Promise<string> => contentHash(folder, base);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'packet-capture-'));
    await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\n');
    await mkdir(join(folder, 'etc'));
    await writeFile(join(folder, 'etc', 'file'), 'text');
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('is the same wherever the folder lies', async () => {
    const before = await hash();
    const moved = `${folder}-moved`;
    await rename(folder, moved);
    folder = moved;
    expect(await hash()).toBe(before);
  });

  test.each([
    ['a file deep in it', () => writeFile(join(folder, 'etc', 'file'), 'Text')],
    ['a new file', () => writeFile(join(folder, 'new'), '')],
    ["a file's name", () => rename(join(folder, 'etc', 'file'), join(folder, 'etc', 'File'))],
    ['an executable bit', () => chmod(join(folder, 'etc', 'file'), 0o755)],
  ])('changes with %s', async (_, change) => {
    const before = await hash();
    await change();
    expect(await hash()).not.toBe(before);
  });

  test('changes with the base image', async () => expect(await hash('other')).not.toBe(await hash()));

  test('does not change with what is not part of it', async () => {
    const part = (): Promise<string> => contentHash(folder, 'base', (path) => path !== 'etc/file');
    const before = await part();
    await writeFile(join(folder, 'etc', 'file'), 'Text');
    expect(await part()).toBe(before);
    await writeFile(join(folder, 'Dockerfile'), 'FROM other\n');
    expect(await part()).not.toBe(before);
  });
});
