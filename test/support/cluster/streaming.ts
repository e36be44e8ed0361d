import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { clusterEnvironment } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import type { ClusterHandle } from '../../../scripts/cluster/paths.ts';
import { patienceMs } from '../patience.ts';

export interface Streaming {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly says: (text: string) => Promise<void>;
}

const ends = new WeakMap<ChildProcess, Promise<unknown>>();

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
  const closed = once(child, 'close');
  // Also when the test closes it itself.
  const written = pipeline(child.stdout, createWriteStream(file)).catch(() => undefined);
  ends.set(child, Promise.all([closed, written]));
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const says = async (text: string): Promise<void> => {
    for (const end = performance.now() + patienceMs; !said.includes(text); await sleep(50))
      expect(performance.now(), `"${text}" in ${said}`).toBeLessThan(end);
  };
  return { child, said: () => said, says };
}

/** The exit code of a stream, once all that it has said and written is here. */
export async function exitCode(child: ChildProcess): Promise<number | null> {
  await ends.get(child);
  return child.exitCode;
}
