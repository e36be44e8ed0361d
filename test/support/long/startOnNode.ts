import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { inject } from 'vitest';
import { clusterEnvironment, runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';

const node = inject('node');

/** A program that runs in the node's network namespace, and ends with this process at the latest. */
export interface NodeProgram {
  /** What it has written so far, to both of its outputs. */
  readonly said: () => string;
  readonly stop: () => Promise<void>;
}

/** Starts a program on the node, with the administrator's kubeconfig. @param env more of its environment */
export async function startOnNode(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<NodeProgram> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...inNetns(node.netns, argv)], {
    env: { ...process.env, ...(await clusterEnvironment(node)), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
  return {
    said: () => said,
    stop: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

/** Whether a page is there, asked from the node. */
export async function answersOnNode(url: string): Promise<boolean> {
  const code = `const { ok } = await fetch(${JSON.stringify(url)}); process.exit(ok ? 0 : 1)`;
  return (await runInNetns(node, [process.execPath, '-e', code])).exitCode === 0;
}
