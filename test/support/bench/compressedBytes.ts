import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../scripts/cluster/command.ts';

/** Sum of the gzipped layers of an image in buildah's local store, as a registry would hold them. */
export async function compressedBytes(image: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-bench-'));
  try {
    await run(['buildah', 'push', '--disable-compression=false', image, `dir:${folder}`], {
      env: { STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' },
    });
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as {
      layers: { size: number }[];
    };
    return manifest.layers.reduce((sum, { size }) => sum + size, 0);
  } finally {
    await rm(folder, { recursive: true });
  }
}
