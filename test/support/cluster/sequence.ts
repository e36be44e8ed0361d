import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { link, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject } from 'vitest';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import { readCapture, toNanoseconds } from '../../../src/pcapng/index.ts';
import { packetNumbers } from '../agent/captureFile.ts';
import type { SendTask } from '../agent/sendPackets.ts';

const node = inject('node');

/** Where numbered packets go to; nobody listens there. */
export const sequencePort = 9999;

export interface Sender {
  /**
   * Sends packets that begin with their number; done when the kernel has taken the last one. One task after the other.
   */
  readonly send: (task: Omit<SendTask, 'port'> & { readonly port?: number }) => Promise<void>;
  readonly close: () => void;
}

/** Sends from the node, where pods can be reached. */
export function startSender(): Sender {
  const [program = '', ...args] = inNetns(node.netns, [
    process.execPath,
    join(import.meta.dirname, '../agent/sendPackets.ts'),
  ]);
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the sender has ended: ${String(code ?? signal)}`);
  });
  // Nobody may be waiting for it: `close` ends it too.
  ended.catch(() => undefined);
  return {
    send: async (task) => {
      child.stdin.write(`${JSON.stringify({ port: sequencePort, ...task })}\n`);
      await Promise.race([once(child.stdout, 'data'), ended]);
    },
    close: () => {
      child.kill('SIGKILL');
    },
  };
}

export interface NumberedPacket {
  readonly number: number;
  /** When the kernel saw it, in seconds since 1970. */
  readonly time: number;
}

/** On the wire: Ethernet, and IPv4 without options (RFC 894, RFC 791). */
const [etherHeader, ipHeader, udpHeader] = [14, 20, 8];

/** The numbered packets in capture files, in the order of the files. A file may end in the middle of a packet. */
export async function readNumbered(files: readonly string[], port = sequencePort): Promise<NumberedPacket[]> {
  const packets: NumberedPacket[] = [];
  for (const file of files) {
    for await (const record of readCapture({ name: file, data: createReadStream(file) })) {
      if (record.type !== 'packet') continue;
      const view = new DataView(record.data.buffer, record.data.byteOffset, record.data.byteLength);
      if (view.getUint16(etherHeader + ipHeader + 2) !== port) continue;
      const number = view.getUint32(etherHeader + ipHeader + udpHeader);
      packets.push({ number, time: Number(toNanoseconds(record.ticks, record.interface.resolution)) / 1e9 });
    }
  }
  return packets;
}

/** The same of files to which nothing is written any more: tshark reads the same packets in them. */
export async function numberedPackets(files: readonly string[], port = sequencePort): Promise<NumberedPacket[]> {
  const packets = await readNumbered(files, port);
  if (port === sequencePort)
    expect(packets.map(({ number }) => number)).toEqual((await Promise.all(files.map(packetNumbers))).flat());
  return packets;
}

/**
 * Numbers that are missing between the first and the last one, as `[first, last]`; fails for one that is there twice.
 */
export function gaps(packets: readonly NumberedPacket[], from = 0): (readonly [number, number])[] {
  const numbers = packets.map(({ number }) => number).toSorted((a, b) => a - b);
  expect(new Set(numbers).size, 'each packet is stored once').toBe(numbers.length);
  let next = from;
  return numbers.flatMap((number) => {
    const gap = [next, number - 1] as const;
    next = number + 1;
    return gap[0] <= gap[1] ? [gap] : [];
  });
}

export interface Keeper {
  /** The paths of all capture files that there were, the oldest first. */
  readonly stop: () => Promise<string[]>;
}

/**
 * Gives each capture file of a folder a second name as soon as it is there, until told to stop: so all can be read
 * after the pod is gone, as they were when the kubelet removed them. Beside the kubelet's folder, since hard links stay
 * within a file system.
 */
export async function keepAll(folder: string): Promise<Keeper> {
  const kept = await mkdtemp(join(node.stateDir, 'kept-'));
  const done = new AbortController();
  const keeping = (async () => {
    while (!done.signal.aborted) {
      const [there, have] = await Promise.all([readdir(folder).catch(() => []), readdir(kept)]);
      for (const name of there.filter((file) => file.endsWith('.pcapng') && !have.includes(file))) {
        await link(join(folder, name), join(kept, name)).catch(ignoreAbsent);
      }
      await sleep(10);
    }
  })();
  return {
    stop: async () => {
      done.abort();
      await keeping;
      return (await readdir(kept)).toSorted().map((name) => join(kept, name));
    },
  };
}

/** The ring may have let it go meanwhile, as one without packets. */
function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
