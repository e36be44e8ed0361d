import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../../../scripts/cluster/command.ts';
import type { Network } from '../../agent/network.ts';
import { ports } from './captures.ts';

/** One kind of traffic: packets of UDP, or writes over one connection of TCP. */
export interface Kind {
  readonly protocol: 'udp' | 'tcp';
  /** Bytes of payload of each. */
  readonly size: number;
}

export interface Traffic {
  /** Sends so many a second, for so long. @returns how many it was in the end, and the seconds that it took */
  readonly send: (kind: Kind, perSecond: number, seconds: number) => Promise<{ readonly sent: number; readonly seconds: number }>;
  /** Nanoseconds of a round trip over TCP, the median of so many. */
  readonly roundTrip: (rounds: number) => Promise<number>;
  readonly stop: () => void;
}

const [sinkPort, echoPort] = [String(ports.packets), String(ports.trips)];
const [nobody, pod] = ['10.99.0.9', '10.99.0.2'];

/** Compiles the sender into `folder`, and starts the app in the pod that answers it. */
export async function startTraffic(network: Network, folder: string): Promise<Traffic> {
  const program = join(folder, 'traffic');
  await run(['gcc', '-std=c11', '-O2', '-o', program, join(import.meta.dirname, 'traffic.c')]);
  const app = async (what: string, on: string): Promise<ChildProcess> => {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...network.enterPod, program, what, on], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(createInterface(child.stdout), 'line');
    return child;
  };
  const apps = [await app('sink', sinkPort), await app('echo', echoPort)];
  const ask = async (...args: readonly string[]): Promise<number[]> => (await run([...network.enterWorld, program, ...args])).stdout.split(' ').map(Number);
  return {
    send: async ({ protocol, size }, perSecond, seconds) => {
      const [sent = 0, nanoseconds = 0] = await ask(protocol, protocol === 'udp' ? nobody : pod, sinkPort, String(size), String(perSecond), String(seconds));
      return { sent, seconds: nanoseconds / 1e9 };
    },
    roundTrip: async (rounds) => (await ask('ping', pod, echoPort, String(rounds)))[0] ?? Number.NaN,
    stop: () => {
      for (const child of apps) child.kill('SIGKILL');
    },
  };
}
