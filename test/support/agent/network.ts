import { spawn, type ChildProcess } from 'node:child_process';
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../../../scripts/cluster/command.ts';
import type { SendTask } from './sendPackets.ts';
import { until } from './until.ts';

/**
 * Two network namespaces: the pod's, in which the agent runs, and the world's, from which traffic comes. Both end with
 * this process, whatever becomes of it.
 */
export interface Network {
  /** What to put before a program's arguments to run it in the pod's namespace. */
  readonly enterPod: readonly string[];
  /** The same for the world's namespace. */
  readonly enterWorld: readonly string[];
  /**
   * Connects both by an interface of this name; `10.99.<subnet>.0/24`, 2 in the pod, 9 an address that nobody answers
   * for.
   */
  readonly addInterface: (name: string, subnet: number) => Promise<void>;
  readonly removeInterface: (name: string) => Promise<void>;
  /**
   * Sends UDP packets into the pod. Nobody answers them, and there is no other traffic. Each begins with its number,
   * four bytes, that counts from `first`.
   * @returns when the kernel has taken the last one
   */
  readonly send: (packets: Packets) => Promise<void>;
  readonly close: () => void;
}

export interface Packets {
  readonly count: number;
  readonly port?: number;
  /** 0 unless told. */
  readonly first?: number;
  /** Bytes of payload; 100 unless told. */
  readonly size?: number;
  readonly subnet?: number;
  /** As fast as it goes unless told. */
  readonly perSecond?: number;
}

export async function makeNetwork(): Promise<Network> {
  const [pod, world] = await Promise.all([holdNamespace(), holdNamespace()]);
  const enter = (holder: ChildProcess): string[] => ['nsenter', `--net=/proc/${holder.pid}/ns/net`, '--'];
  const inPod = async (...argv: string[]): Promise<string> => (await run([...enter(pod), ...argv])).stdout;
  const inWorld = async (...argv: string[]): Promise<string> => (await run([...enter(world), ...argv])).stdout;
  const quiet = 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6; ip link set lo up';
  await Promise.all([inPod('sh', '-c', quiet), inWorld('sh', '-c', quiet)]);
  const program = [process.execPath, join(import.meta.dirname, 'sendPackets.ts')];
  // It ends with its standard input.
  const sender = spawn('nsenter', [...enter(world).slice(1), ...program], { stdio: ['pipe', 'pipe', 'inherit'] });
  let tasks = 0;
  const done = new Map<number, () => void>();
  createInterface(sender.stdout).on('line', (line) => done.get(Number(line))?.());

  return {
    enterPod: enter(pod),
    enterWorld: enter(world),
    addInterface: async (name, subnet) => {
      await inPod('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', name, 'netns', String(world.pid));
      await inPod('ip', 'address', 'add', `10.99.${subnet}.2/24`, 'dev', name);
      await inWorld('ip', 'address', 'add', `10.99.${subnet}.1/24`, 'dev', name);
      await inPod('ip', 'link', 'set', name, 'up');
      await inWorld('ip', 'link', 'set', name, 'up');
      const [{ address }] = JSON.parse(await inPod('ip', '-j', 'link', 'show', name)) as [{ address: string }];
      await inWorld('ip', 'neighbour', 'add', `10.99.${subnet}.9`, 'lladdr', address, 'dev', name, 'nud', 'permanent');
    },
    removeInterface: async (name) => {
      await inPod('ip', 'link', 'delete', name);
    },
    send: async ({ count, port = 9999, first = 0, size = 100, subnet = 0, perSecond = 0 }) => {
      tasks += 1;
      const own = tasks;
      const task: SendTask = { task: own, address: `10.99.${subnet}.9`, port, count, first, size, perSecond };
      const sent = new Promise<void>((resolve) => {
        done.set(own, resolve);
      });
      sender.stdin.write(`${JSON.stringify(task)}\n`);
      await sent;
      done.delete(own);
    },
    close: () => {
      sender.kill('SIGKILL');
      pod.kill('SIGKILL');
      world.kill('SIGKILL');
    },
  };
}

/** A process that does nothing in a network namespace of its own, and ends with this one. */
async function holdNamespace(): Promise<ChildProcess> {
  const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', 'sleep', 'infinity'], {
    stdio: 'ignore',
  });
  const own = await readlink('/proc/self/ns/net');
  await until(
    'a network namespace',
    async () => (await readlink(`/proc/${holder.pid}/ns/net`).catch(() => own)) !== own,
  );
  return holder;
}
