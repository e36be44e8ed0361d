import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import type { Network } from './network.ts';

export interface ContainerCommand {
  readonly network: Network;
  /** The folder that is the container's /captures. */
  readonly captures: string;
  /** The folder that is the container's volume of settings. */
  readonly settings: string;
  /** What container.sh lets it keep: `net_raw`, `net_admin` or nothing. */
  readonly capability: string;
}

/** Starts a command in a container of the agent's image, as `kubectl exec` does. It ends with the test. */
export function startInContainer(
  { network, captures, settings, capability }: ContainerCommand,
  ...argv: readonly string[]
): ChildProcessWithoutNullStreams {
  const container = [join(import.meta.dirname, 'container.sh'), inject('agentRoot'), captures, settings, capability];
  const namespaces = ['unshare', '--mount', '--pid', '--fork', '--kill-child'];
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', ...network.enterPod, ...namespaces, 'sh', ...container, ...argv],
    { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}
