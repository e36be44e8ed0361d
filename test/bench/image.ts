import { baseImage, buildImage } from '../../scripts/cluster/images.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { compressedBytes } from './compressedBytes.ts';
import type { Figure } from './figure.ts';

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
