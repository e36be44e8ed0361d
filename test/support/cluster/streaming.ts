import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { clusterEnvironment } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import type { ClusterHandle } from '../../../scripts/cluster/paths.ts';

export interface Streaming {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly says: (text: string) => Promise<void>;
}

/** Starts `stream` in a namespace of the node, its standard output to a file. */
export async function startStream(
  node: ClusterHandle,
  namespace: string,
  file: string,
  ...args: string[]
): Promise<Streaming> {
  const [program = '', ...rest] = inNetns(node.netns, [
    process.execPath,
    'bin/packet-capture.js',
    'stream',
    '-n',
    namespace,
    ...args,
  ]);
  const child = spawn(program, rest, {
    env: { ...process.env, ...(await clusterEnvironment(node)) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.pipe(createWriteStream(file));
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const says = async (text: string): Promise<void> => {
    for (const end = performance.now() + 20_000; !said.includes(text); await sleep(50))
      expect(performance.now(), `"${text}" in ${said}`).toBeLessThan(end);
  };
  return { child, said: () => said, says };
}

export async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}
