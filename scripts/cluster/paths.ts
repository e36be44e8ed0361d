import { homedir } from 'node:os';
import { join } from 'node:path';
import { codedError } from '../../src/errors.ts';

/** Where one node keeps everything that is its own. Plain data, so that it can be handed to other processes. */
export interface ClusterHandle {
  readonly name: string;
  /** Name of the network namespace (`ip netns`) that is the machine; only from within it the API server answers. */
  readonly netns: string;
  /** Name of the cgroup below which all processes of the node live, in every hierarchy. */
  readonly cgroup: string;
  /** Folder of everything below. */
  readonly stateDir: string;
  /** Logs of the components, one file each; they outlive the node until the next one of this name starts. */
  readonly logDir: string;
  /** The administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Socket of containerd. */
  readonly containerdSocket: string;
}

/** Name used by `npm run cluster` unless `--name` says otherwise. */
export const defaultName = 'dev';

/** Short, since the paths of UNIX sockets in the state folder must stay below the kernel's 108 bytes. */
const namePattern = /^[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?$/;

/**
 * The places of the node called `name`; nothing is created.
 * @throws USAGE when the name does not fit.
 */
export function clusterHandle(name: string, env: NodeJS.ProcessEnv = process.env): ClusterHandle {
  if (!namePattern.test(name)) {
    throw codedError('USAGE', `'${name}' is no name for a node`, {
      hint: 'Use 1 to 20 lower case letters, digits and hyphens.',
    });
  }
  const stateDir = join(stateHome(env), name);
  return {
    name,
    netns: `packet-capture-${name}`,
    cgroup: `packet-capture-${name}`,
    stateDir,
    logDir: join(stateDir, 'logs'),
    kubeconfig: join(stateDir, 'kubeconfig'),
    containerdSocket: join(stateDir, 'containerd.sock'),
  };
}

/** `$XDG_STATE_HOME/packet-capture`, usually `~/.local/state/packet-capture`: one folder a node. */
export function stateHome(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'packet-capture');
}

/** `$XDG_CACHE_HOME/packet-capture`, usually `~/.cache/packet-capture`: what was built, safe to delete. */
export function cacheHome(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'packet-capture');
}
