import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../../../../scripts/cluster/command.ts';
import { startAgent } from '../../agent/agent.ts';
import type { Network } from '../../agent/network.ts';
import type { CpuGroup } from './cpuGroup.ts';

/** The agent, and what people use without it. */
export const programs = ['agent', 'tcpdump'] as const;
export type Program = (typeof programs)[number];

/** Where a program captures. */
export interface Site {
  /** File system of the agent's image, which has tcpdump too. */
  readonly root: string;
  readonly network: Network;
  readonly group: CpuGroup;
  /** Aborted when the bench is to end. */
  readonly signal: AbortSignal;
}

export interface Capture {
  /** Ends it as the kubelet would, and gives the paths of its files. */
  readonly stop: () => Promise<string[]>;
  /** Removes its files, and the program itself if it still runs. */
  readonly remove: () => Promise<void>;
}

/** A program that captures. */
interface Running {
  readonly stop: () => Promise<unknown>;
  readonly kill: () => Promise<unknown>;
}

/** The ports of the traffic that is measured: of the packets, and of the round trips. */
export const ports = { packets: 9999, trips: 9998 } as const;
const filter = `port ${ports.packets} or port ${ports.trips}`;
const bufferMebibytes = 4;

/** Files lie in memory: a disk that is shared with others would be measured, too. */
const memoryFolder = '/dev/shm/packet-capture-bench-';

/**
 * Uses as much memory as files of so many bytes will need, and frees it. A virtual machine hands free memory back to
 * its host after some seconds, and waits for it when it is touched again: that would be measured as the program's own
 * CPU, and take more than the write itself.
 */
export async function touchMemory(bytes: number): Promise<void> {
  const folder = await mkdtemp(memoryFolder);
  await run([
    'dd',
    'if=/dev/zero',
    `of=${join(folder, 'zeros')}`,
    'bs=1M',
    `count=${Math.ceil(Math.min(bytes, freemem() / 4) / 2 ** 20)}`,
  ]);
  await rm(folder, { recursive: true });
}

/** Starts one of the programs, all with the same filter, buffer, rights and place for files; done when it captures. */
export async function startCapture(program: Program, site: Site): Promise<Capture> {
  const captures = await mkdtemp(memoryFolder);
  const volume = await mkdtemp(memoryFolder);
  const removeFolders = async (): Promise<void> => {
    await Promise.all([captures, volume].map((folder) => rm(folder, { recursive: true })));
  };
  try {
    await chmod(captures, 0o777);
    await chmod(volume, 0o755);
    const running = await (program === 'agent'
      ? startOurs(site, captures, volume)
      : startTcpdump(site, captures, volume));
    return {
      stop: async () => {
        await running.stop();
        return (await readdir(captures))
          .filter((name) => name.endsWith('.pcapng') || name.endsWith('.pcap'))
          .toSorted()
          .map((name) => join(captures, name));
      },
      remove: async () => {
        await running.kill();
        await removeFolders();
      },
    };
  } catch (error) {
    await removeFolders();
    throw error;
  }
}

async function startOurs({ root, network, group }: Site, captures: string, volume: string): Promise<Running> {
  const settings = {
    filter,
    'buffer-size': `${bufferMebibytes}Mi`,
    'file-size': '1Gi',
    'file-count': '8',
    rotate: '1h',
  };
  const agent = await startAgent({
    root,
    network: { ...network, enterPod: [...group.enter, ...network.enterPod] },
    captures,
    volume,
    settings,
  });
  try {
    await agent.next('started');
  } catch (error) {
    await agent.kill();
    throw error;
  }
  return agent;
}

/** The very program of the agent's image, in the same container, without what is around it there. */
async function startTcpdump({ root, network, group }: Site, captures: string, volume: string): Promise<Running> {
  const argv = [
    'tcpdump',
    '-i',
    'eth0',
    '-n',
    '-B',
    String(bufferMebibytes * 1024),
    '-s',
    '0',
    '-w',
    '/captures/bare.pcap',
    filter,
  ];
  const container = join(import.meta.dirname, '..', '..', 'agent', 'container.sh');
  // As in startAgent: so it ends with this process, whatever becomes of that.
  const namespaces = ['unshare', '--pid', '--fork', '--kill-child', 'unshare', '--mount'];
  const child = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      ...group.enter,
      ...network.enterPod,
      ...namespaces,
      'sh',
      container,
      root,
      captures,
      volume,
      'net_raw',
      ...argv,
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    },
  );
  const ended = new Promise((resolve) => child.on('close', resolve));
  const said: string[] = [];
  const begins = new Promise<boolean>((resolve) => {
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      if (line.includes('listening on')) resolve(true);
    });
  });
  if (!(await Promise.race([begins, ended.then(() => false)]))) throw new Error(`tcpdump ended: ${said.join(' ')}`);
  return {
    stop: async () => {
      const [inner = ''] = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).split(' ');
      process.kill(Number(inner), 'SIGTERM');
      await ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
