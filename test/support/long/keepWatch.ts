import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { inject, onTestFinished } from 'vitest';
import { clusterEnvironment } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import type { WatchedKeep } from '../../../src/captures/keep/index.ts';
import { until } from '../agent/until.ts';

export interface KeepWatch {
  readonly keeps: readonly WatchedKeep[];
  /** Lines for people. */
  readonly said: readonly string[];
  /** Ctrl-C. @returns the exit code */
  readonly stop: () => Promise<unknown>;
}

/** Runs `keep --watch` where the node can be reached, and returns when it watches. It ends with the test. */
export async function startKeepWatch(...args: readonly string[]): Promise<KeepWatch> {
  const node = inject('node');
  const command = inNetns(node.netns, [
    process.execPath,
    'bin/packet-capture.js',
    'keep',
    '--watch',
    '-o',
    'json',
    ...args,
  ]);
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    env: { ...process.env, ...(await clusterEnvironment(node)) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const keeps: WatchedKeep[] = [];
  const said: string[] = [];
  createInterface(child.stdout).on('line', (line) => keeps.push(JSON.parse(line) as WatchedKeep));
  createInterface(child.stderr).on('line', (line) => said.push(line));
  const ended = once(child, 'close');
  await until('begin of the watch', () => said.some((line) => line.startsWith('watching')), {
    milliseconds: 60_000,
    instead: () => said,
  });
  return {
    keeps,
    said,
    stop: async () => {
      child.kill('SIGINT');
      return (await ended)[0];
    },
  };
}
