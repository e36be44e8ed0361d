import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError } from '../../src/errors.ts';
import { createCgroup } from './cgroups.ts';
import { run, succeeds } from './command.ts';
import { type Component, isAlive, pidOf, startComponent } from './components.ts';
import { type ClusterHandle, cacheHome } from './paths.ts';
import { pollUntil } from './poll.ts';

/** Addresses inside the network namespace; nothing of it can reach, or be reached from, outside. */
export const nodeAddress = '10.250.0.1';
export const serviceRange = '10.96.0.0/16';
export const apiServerServiceAddress = '10.96.0.1';
export const podRange = '10.244.0.0/24';
export const nodeName = 'node0';

/** The process that keeps the mount namespace of the node; with it dead, everything else is started anew. */
export const machine: Component = { name: 'machine', program: 'sleep' };

/**
 * Sysctls of the whole host that a kubelet sets on its start. The node gets files of its own in their place, so that
 * a test never changes how the host behaves on a kernel oops.
 */
export const kubeletSysctls = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

/**
 * A mount namespace of the node's own: its mounts reach no other process and end with it, and the fixed paths of
 * Kubernetes and containerd (/run/containerd, /var/lib/kubelet/device-plugins, /var/log/containers) are its own too.
 */
const machineScript = `
set -e
mount --make-rshared /
for folder in /run /var/lib /var/log; do mount -t tmpfs -o mode=755 packet-capture $folder; done
mkdir -p /run/sysctl /run/lock
for name in ${kubeletSysctls.join(' ')}; do
  [ -e /proc/sys/$name ] || continue
  file=/run/sysctl/$(echo $name | tr / -)
  cat /proc/sys/$name > $file
  mount --bind $file /proc/sys/$name
done
exec sleep infinity
`;

/** Makes the network namespace, the cgroup and the mount namespace. Only for a node of which nothing is left. */
export async function createMachine(handle: ClusterHandle): Promise<void> {
  await createCgroup(handle.cgroup);
  await createNetns(handle.netns);
  await mkdir(handle.logDir, { recursive: true });
  await startComponent(handle, machine, ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', machineScript]);
  if (!(await pollUntil(() => isAlive(handle, machine), { everyMs: 20, timeoutMs: 10_000 }))) {
    throw codedError('CLUSTER_FAILED', 'cannot make the mount namespace', {
      where: join(handle.logDir, 'machine.log'),
    });
  }
}

/**
 * The node hides some folders of the host from itself, so nothing it needs may lie there.
 * @throws REQUIREMENT_MISSING, one line, when its own folder or the cache does.
 */
export function checkFolders({ stateDir }: ClusterHandle): void {
  const hidden = ['/run/', '/var/lib/', '/var/log/', '/var/run/'];
  for (const [variable, folder] of [
    ['XDG_STATE_HOME', stateDir],
    ['XDG_CACHE_HOME', cacheHome()],
  ] as const) {
    if (!hidden.some((path) => folder.startsWith(path))) continue;
    throw codedError(
      'REQUIREMENT_MISSING',
      `needs a folder outside ${hidden.join(' ')}: ${folder} is inside; set ${variable}`,
    );
  }
}

async function createNetns(netns: string): Promise<void> {
  const ip = (...args: string[]): Promise<unknown> => run(['ip', '-n', netns, ...args]);
  await run(['ip', 'netns', 'add', netns]);
  await ip('link', 'set', 'lo', 'up');
  // A bridge without ports stands for the network card; not every kernel has dummy devices.
  await ip('link', 'add', nodeName, 'type', 'bridge');
  await ip('address', 'add', `${nodeAddress}/24`, 'dev', nodeName);
  await ip('link', 'set', nodeName, 'up');
  await ip('route', 'add', 'default', 'dev', nodeName);
  await run(inNetns(netns, ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']));
}

export async function hasNetns(netns: string): Promise<boolean> {
  return access(netnsFile(netns)).then(
    () => true,
    () => false,
  );
}

/** Removes the network namespace; fine when there is none. */
export async function removeNetns(netns: string): Promise<void> {
  if (!(await hasNetns(netns))) return;
  // A run that was killed between the creation of the file and its mount leaves a plain file: `ip` removes that too.
  await succeeds(['ip', 'netns', 'delete', netns]);
  if (await hasNetns(netns)) throw codedError('CLUSTER_FAILED', `network namespace ${netns} cannot be removed`);
}

/**
 * The command line that runs `argv` in the network namespace. Not `ip netns exec`, which remounts /sys and so hides
 * the cgroups.
 */
export function inNetns(netns: string, argv: readonly string[]): string[] {
  return ['nsenter', `--net=${netnsFile(netns)}`, '--', ...argv];
}

/** The command line that runs `argv` as a part of the node: in its network and its mounts. */
export async function inMachine(handle: ClusterHandle, argv: readonly string[]): Promise<string[]> {
  const pid = await pidOf(handle, machine);
  if (pid === undefined) throw codedError('CLUSTER_FAILED', `node ${handle.name} is not up`);
  return ['nsenter', `--net=${netnsFile(handle.netns)}`, `--mount=/proc/${pid}/ns/mnt`, '--', ...argv];
}

function netnsFile(netns: string): string {
  return `/run/netns/${netns}`;
}
