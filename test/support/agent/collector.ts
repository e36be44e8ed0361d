import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CollectTask } from './collect.ts';
import type { Network } from './network.ts';
import { until } from './until.ts';

export interface Collector {
  /** The local ports of those that have connected so far, in that order. */
  readonly ports: readonly number[];
  /** Waits until that many have connected. */
  readonly connected: (count: number) => Promise<void>;
  readonly kill: () => Promise<void>;
}

/** Address of every collector, for the setting `stream`. */
export const collectorAddress = '10.99.0.1:57012';
export const collectorPort = 57_012;

/** A collector in the network's world; ends with this process. */
export async function startCollector(network: Network, task: Omit<CollectTask, 'port'> = {}): Promise<Collector> {
  const program = [
    process.execPath,
    join(import.meta.dirname, 'collect.ts'),
    JSON.stringify({ port: collectorPort, ...task }),
  ];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...network.enterWorld, ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const lines: number[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(Number(line)));
  await until('collector', () => lines.length > 0);
  return {
    get ports() {
      return lines.slice(1);
    },
    connected: async (count) => {
      await until(`connection ${count}`, () => lines.length > count);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
