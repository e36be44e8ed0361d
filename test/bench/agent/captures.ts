import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startAgent } from '../../agent/agent.ts';
import type { Network } from '../../agent/network.ts';
import type { CpuGroup } from './cpuGroup.ts';

export const programs = ['agent', 'dumpcap', 'tcpdump'] as const;
export type Program = (typeof programs)[number];

/** Where a program captures. */
export interface Site {
  /** File system of the agent's image. */
  readonly root: string;
  readonly network: Network;
  readonly group: CpuGroup;
}

export interface Capture {
  /** Ends it as the kubelet would, and gives the paths of its files. */
  readonly stop: () => Promise<string[]>;
  readonly remove: () => Promise<void>;
}

/** The ports of the traffic that is measured: of the packets, and of the round trips. */
export const ports = { packets: 9999, trips: 9998 } as const;
const filter = `port ${ports.packets} or port ${ports.trips}`;
const bufferMebibytes = 4;

/** Files lie in memory: a disk that is shared with others would be measured, too. */
const memoryFolder = '/dev/shm/packet-capture-bench-';

/** Starts one of the programs, all with the same filter, buffer, rights and place for files; done when it captures. */
export async function startCapture(program: Program, site: Site): Promise<Capture> {
  const captures = await mkdtemp(memoryFolder);
  const volume = await mkdtemp(memoryFolder);
  await chmod(captures, 0o777);
  await chmod(volume, 0o755);
  const stop = await (program === 'agent' ? startOurs(site, captures, volume) : startBare(program, site, captures, volume));
  return {
    stop: async () => {
      await stop();
      return (await readdir(captures)).filter((name) => name.endsWith('.pcapng') || name.endsWith('.pcap')).toSorted().map((name) => join(captures, name));
    },
    remove: async () => {
      await rm(captures, { recursive: true });
      await rm(volume, { recursive: true });
    },
  };
}

async function startOurs({ root, network, group }: Site, captures: string, volume: string): Promise<() => Promise<unknown>> {
  const settings = { filter, 'buffer-size': `${bufferMebibytes}Mi`, 'file-size': '1Gi', 'file-count': '8', rotate: '1h' };
  const agent = await startAgent({ root, network: { ...network, enterPod: [...group.enter, ...network.enterPod] }, captures, volume, settings });
  await agent.next('started');
  return agent.stop;
}

/** The very program of the agent's image, in the same container, without what is around it there. */
async function startBare(program: Exclude<Program, 'agent'>, { root, network, group }: Site, captures: string, volume: string): Promise<() => Promise<unknown>> {
  const argv = {
    dumpcap: ['dumpcap', '-i', 'eth0', '-B', String(bufferMebibytes), '-f', filter, '-w', '/captures/bare.pcapng'],
    tcpdump: ['tcpdump', '-i', 'eth0', '-n', '-B', String(bufferMebibytes * 1024), '-s', '0', '-w', '/captures/bare.pcap', filter],
  }[program];
  const container = join(import.meta.dirname, '..', '..', 'agent', 'container.sh');
  const [enter = '', ...args] = [...group.enter, ...network.enterPod, 'unshare', '--mount', 'sh', container, root, captures, volume, 'net_raw', ...argv];
  const child = spawn(enter, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await new Promise<void>((resolve, reject) => {
    const said: string[] = [];
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      if (line.startsWith('File: ') || line.includes('listening on')) resolve();
    });
    void ended.then(() => reject(new Error(`${program} ended: ${said.join(' ')}`)));
  });
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}
