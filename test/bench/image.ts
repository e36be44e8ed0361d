import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../scripts/cluster/command.ts';
import { baseImage, buildImage } from '../../scripts/cluster/images.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import type { Figure } from './figure.ts';

const environment = { STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' };

/** How much a node has to pull for the agent, beside the base that others put theirs on. */
export async function benchImage(): Promise<Figure[]> {
  const agent = await buildImage('images/agent', 'localhost/packet-capture-agent:bench', stderrProgress);
  const megabytes = async (image: string): Promise<number> => (await compressedBytes(image)) / 1e6;
  const ours = await megabytes(agent);
  const base = await megabytes(baseImage);
  return [
    {
      what: "the agent's image, compressed",
      measured: `${ours.toFixed(1)} MB`,
      goal: 'at most 25 MB',
      beside: `Debian trixie's minimal base alone ${base.toFixed(1)} MB, ratio ${(ours / base).toFixed(2)}`,
    },
  ];
}

/** Sum of the gzipped layers, as a registry would hold them. */
async function compressedBytes(image: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-bench-'));
  try {
    await run(['buildah', 'push', '--disable-compression=false', image, `dir:${folder}`], { env: environment });
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as { layers: { size: number }[] };
    return manifest.layers.reduce((sum, { size }) => sum + size, 0);
  } finally {
    await rm(folder, { recursive: true });
  }
}
