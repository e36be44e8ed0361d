import { baseImage } from '../../scripts/cluster/images.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { buildAgentImage } from '../../scripts/images/agentImages.ts';
import { compressedBytes } from '../support/bench/compressedBytes.ts';
import type { Figure } from '../support/bench/figure.ts';

/** How much a node has to pull for the agent, beside the base that others put theirs on. */
export async function benchImage(): Promise<Figure[]> {
  const megabytes = async (image: string): Promise<number> => (await compressedBytes(image)) / 1e6;
  const whole = await megabytes(await buildAgentImage('localhost/packet-capture-agent:bench', stderrProgress));
  const slim = await megabytes(
    await buildAgentImage('localhost/packet-capture-agent:bench-slim', stderrProgress, { target: 'slim' }),
  );
  const base = await megabytes(baseImage);
  return [
    figure("the agent's image, compressed", whole, 25, base),
    figure('the same without rclone, `-slim`', slim, 8, base),
  ];
}

function figure(what: string, megabytes: number, goal: number, base: number): Figure {
  return {
    what,
    measured: `${megabytes.toFixed(1)} MB`,
    goal: `at most ${goal} MB`,
    beside: `Debian trixie's minimal base alone ${base.toFixed(1)} MB, ratio ${(megabytes / base).toFixed(2)}`,
  };
}
