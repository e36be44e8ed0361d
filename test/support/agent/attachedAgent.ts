import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import { capture, type CommandResult } from '../../../scripts/cluster/command.ts';
import { agentUser } from '../../../src/sidecar/index.ts';
import type { Agent } from './agent.ts';
import type { useAgents } from './fixture.ts';
import { childrenOf } from './processTree.ts';
import { until } from './until.ts';

/** An agent in an ephemeral container: no volumes, steered by commands in the container. */
export interface AttachedAgent {
  readonly agent: Agent;
  /** Starts a command of its program in the container, as `kubectl exec` does; it ends with the test. */
  readonly start: (...argv: readonly string[]) => ChildProcessWithoutNullStreams;
  /** Runs one to its end, with that standard input. */
  readonly run: (input: string, ...argv: readonly string[]) => Promise<CommandResult>;
  /** `set`, with an object or a text as it is. */
  readonly set: (request: object | string) => Promise<CommandResult>;
  /** Its `status`. */
  readonly status: () => Promise<Readonly<Record<string, unknown>>>;
  /** The folder of its files, which can be read after its end too. */
  readonly folder: string;
  /** Paths of the capture files, the oldest first, also after its end. */
  readonly files: () => Promise<string[]>;
}

/**
 * Starts an agent as `attach` does.
 * @param size of the writable layer
 */
export async function attach(
  { start, network }: ReturnType<typeof useAgents>,
  {
    ttl = '1h',
    size = '200m',
    environment = {},
  }: {
    readonly ttl?: string;
    readonly size?: string;
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<AttachedAgent> {
  const agent = await start({
    captures: `layer:${size}`,
    volume: '',
    environment: { PACKET_CAPTURE_SETTINGS_DIR: '/captures/.settings', ...environment },
    programArguments: ['--attached', '--ttl', ttl],
  });
  await agent.next('idle');
  const [pid] = await agent.processes();
  const root = inject('agentRoot');
  // It holds the mount namespace, and with it the files, when the agent has ended.
  const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'nsenter', `--mount=/proc/${pid}/ns/mnt`, 'sleep', '300'], {
    stdio: 'ignore',
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  const folder = `/proc/${holder.pid}/root${root}/captures`;
  await until('the files', async () => (await readdir(folder).catch((): string[] => [])).includes('.settings'));

  const inContainer = (argv: readonly string[]): string[] => {
    const enter = [...network().enterPod, 'nsenter', `--mount=/proc/${pid}/ns/mnt`, `--pid=/proc/${pid}/ns/pid`, '--'];
    const asAgent = ['sh', join(import.meta.dirname, 'asAgent.sh'), root, String(agentUser), 'net_raw'];
    return ['--pdeathsig', 'KILL', ...enter, ...asAgent, '/usr/bin/packet-capture-agent', ...argv];
  };
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', PACKET_CAPTURE_SETTINGS_DIR: '/captures/.settings' };
  const run = async (input: string, ...argv: readonly string[]): Promise<CommandResult> =>
    capture(['setpriv', ...inContainer(argv)], { env, input });
  return {
    agent,
    start: (...argv) => {
      const child = spawn('setpriv', inContainer(argv), { env });
      onTestFinished(async () => {
        await killTree(child.pid);
      });
      return child;
    },
    run,
    set: async (request) => run(typeof request === 'string' ? request : JSON.stringify(request), 'set'),
    status: async () => JSON.parse((await run('', 'status')).stdout) as Readonly<Record<string, unknown>>,
    folder,
    files: async () => {
      const names = (await readdir(folder)).filter((name) => name.endsWith('.pcapng'));
      return names.toSorted().map((name) => join(folder, name));
    },
  };
}

/** SIGKILL for a process and what it has started. */
export async function killTree(pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  const children = await childrenOf(pid).catch(() => []);
  for (const one of [...children, pid]) {
    try {
      process.kill(one, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}
