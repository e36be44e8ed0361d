import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SettingValues } from '../../../src/settings/index.ts';
import type { Network } from './network.ts';
import { childrenOf } from './processTree.ts';
import { writeSettings } from './settingsVolume.ts';
import { until } from './until.ts';

export type Event = Readonly<Record<string, unknown>> & { readonly event: string };

export interface AgentOptions {
  readonly root: string;
  readonly network: Network;
  /** Folder that becomes /captures, or `tmpfs:SIZE`, or `layer:SIZE`: no volume, and a writable layer. */
  readonly captures: string;
  /** Folder for the settings; empty: there is no volume for them. */
  readonly volume: string;
  readonly settings?: SettingValues;
  readonly environment?: Readonly<Record<string, string>>;
  /** The folder with the content of the Secret for uploads; absent without one. */
  readonly secret?: string;
  /** The pod's labels. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What the container may do; NET_RAW unless told. CRI-O gives a pod nothing by default. */
  readonly capability?: 'net_raw' | 'net_admin' | '';
  /**
   * Which command of the image's program: what the first container of a pod starts, unless told, or the one that
   * mirrors.
   */
  readonly program?: 'run' | 'mirror';
  /** Its arguments. */
  readonly programArguments?: readonly string[];
  /** A file that gets the time when the image's entrypoint is started, in seconds since 1970. */
  readonly startNote?: string;
}

export interface Agent {
  readonly events: readonly Event[];
  /** Lines that are not JSON, and all of standard error. */
  readonly noise: readonly string[];
  /** Waits for the next event of this kind that was not returned yet. */
  readonly next: (event: string) => Promise<Event>;
  /** Changes annotations, all at once. @returns when, in milliseconds since 1970 */
  readonly set: (changes: SettingValues) => Promise<number>;
  /** The paths of the capture files, oldest first. */
  readonly files: () => Promise<string[]>;
  /** The process ids of the container, the agent's own first. */
  readonly processes: () => Promise<number[]>;
  /** Waits until the agent is the only process. */
  readonly alone: () => Promise<void>;
  /** The process that captures. */
  readonly capturing: () => Promise<number>;
  /** Sends SIGTERM. @returns the exit code and the milliseconds until the end */
  readonly stop: () => Promise<{ code: number; milliseconds: number }>;
  /** Its exit code, once it has ended. */
  readonly exited: Promise<number>;
  /** Sends SIGKILL to all processes, like a crash of the node. */
  readonly kill: () => Promise<void>;
}

/** Starts the agent in the network's pod: its image's own entrypoint, with the rights that a pod's container has. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const {
    root,
    network,
    captures,
    volume,
    settings = {},
    environment = {},
    secret = '',
    labels = {},
    startNote = '',
  } = options;
  const { capability = 'net_raw', program = 'run', programArguments = [] } = options;
  if (volume !== '') await writeSettings(volume, settings, labels);
  const container = [
    join(import.meta.dirname, 'container.sh'),
    root,
    captures,
    volume,
    capability,
    '/usr/bin/packet-capture-agent',
    program,
    ...programArguments,
  ];
  // Two PID namespaces: the agent is process 1 of the inner one, and change of user spares it the signal by which it
  // would end with this process. The outer one ends so, and takes the inner one along.
  const namespaces = ['unshare', '--pid', '--fork', '--kill-child', 'unshare', '--mount', '--pid', '--fork'];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...network.enterPod, ...namespaces, 'sh', ...container], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      POD_NAMESPACE: 'shop',
      POD_NAME: 'web-1',
      NODE_NAME: 'node0',
      UPLOAD_SECRET: secret,
      START_NOTE: startNote,
      ...environment,
    },
  });
  const events: Event[] = [];
  const noise: string[] = [];
  createInterface(child.stdout).on('line', (line) => {
    try {
      events.push(JSON.parse(line) as Event);
    } catch {
      noise.push(line);
    }
  });
  createInterface(child.stderr).on('line', (line) => noise.push(line));
  const exited = new Promise<number>((resolve) => {
    child.on('close', (code) => resolve(code ?? -1));
  });
  const asked = new Map<string, number>();
  let values = settings;

  const processes = async (): Promise<number[]> => {
    const [outer] = await childrenOf(child.pid);
    const [own] = await childrenOf(outer);
    return own === undefined ? [] : [own, ...(await childrenOf(own))];
  };
  const agentProcess = (): Promise<number> => until('process of the agent', async () => (await processes())[0]);

  return {
    events,
    noise,
    next: async (event) => {
      const from = asked.get(event) ?? 0;
      const find = (): Event | undefined => events.filter((item) => item.event === event)[from];
      const found = await until(`event "${event}"`, find, { instead: () => [events, noise] });
      asked.set(event, from + 1);
      return found;
    },
    set: async (changes) => {
      values = { ...values, ...changes };
      return writeSettings(volume, values, labels);
    },
    files: async () => {
      const isMount = captures.startsWith('tmpfs:') || captures.startsWith('layer:');
      const folder = isMount ? `/proc/${await agentProcess()}/root/captures` : captures;
      const names = (await readdir(folder)).filter((name) => name.endsWith('.pcapng'));
      return names.toSorted().map((name) => join(folder, name));
    },
    processes,
    alone: async () => {
      await until('end of all other processes', async () => (await processes()).length === 1);
    },
    capturing: agentProcess,
    stop: async () => {
      const from = performance.now();
      process.kill(await agentProcess(), 'SIGTERM');
      return { code: await exited, milliseconds: performance.now() - from };
    },
    exited,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
