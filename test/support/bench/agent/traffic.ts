import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../../../../scripts/cluster/command.ts';
import type { Network } from '../../agent/network.ts';
import { ports } from './captures.ts';
import type { CpuGroup } from './cpuGroup.ts';

/** One kind of traffic: packets of UDP, or writes over one connection of TCP. */
export interface Kind {
  readonly protocol: 'udp' | 'tcp';
  /** Bytes of payload of each. */
  readonly size: number;
}

export interface Traffic {
  /**
   * Sends so many a second, for just so long.
   * @returns how many it was in the end: fewer, if the sender could not keep pace
   */
  readonly send: (kind: Kind, perSecond: number, seconds: number) => Promise<number>;
  /** Nanoseconds of a round trip over TCP, the median of so many. */
  readonly roundTrip: (rounds: number) => Promise<number>;
  readonly stop: () => void;
}

/**
 * Both ends of round trips: what one core needs to wake up another can be many times what is to be measured, in a
 * virtual machine above all.
 */
const onOneCore = ['taskset', '--cpu-list', '0'];

const [sinkPort, echoPort] = [String(ports.packets), String(ports.trips)];
const [nobody, pod] = ['10.99.0.9', '10.99.0.2'];

/** Compiles the sender into `folder`, and starts the app in the pod that answers it. */
export async function startTraffic(network: Network, group: CpuGroup, folder: string): Promise<Traffic> {
  const program = join(folder, 'traffic');
  await run(['gcc', '-std=c11', '-O2', '-o', program, join(import.meta.dirname, 'traffic.c')]);
  const app = async (...command: readonly string[]): Promise<ChildProcess> => {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...group.enterBeside, ...network.enterPod, ...command], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface(child.stdout), 'line');
    return child;
  };
  const apps = [await app(program, 'sink', sinkPort), await app(...onOneCore, program, 'echo', echoPort)];
  const ask = async (...command: readonly string[]): Promise<number> =>
    Number((await run([...group.enterBeside, ...network.enterWorld, ...command])).stdout);
  return {
    send: ({ protocol, size }, perSecond, seconds) =>
      ask(
        program,
        protocol,
        protocol === 'udp' ? nobody : pod,
        sinkPort,
        String(size),
        String(perSecond),
        String(seconds),
      ),
    roundTrip: (rounds) => ask(...onOneCore, program, 'ping', pod, echoPort, String(rounds)),
    stop: () => {
      for (const child of apps) child.kill('SIGKILL');
    },
  };
}
