import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError } from '../../src/errors.ts';
import { pollUntil } from './poll.ts';

/** One mounted cgroup hierarchy. */
export interface Hierarchy {
  readonly path: string;
  readonly version: 1 | 2;
  /** Version 1: what it controls, e.g. `cpu`, `memory`, `name=systemd`. */
  readonly controllers: readonly string[];
}

/** The cgroup hierarchies in the text of /proc/self/mountinfo (proc(5)). */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  return mountinfo.split('\n').flatMap((line): Hierarchy[] => {
    const [before = '', after = ''] = line.split(' - ');
    const path = before.split(' ')[4] ?? '';
    const [type = '', , superOptions = ''] = after.split(' ');
    if (type === 'cgroup2') return [{ path, version: 2, controllers: [] }];
    if (type === 'cgroup')
      return [{ path, version: 1, controllers: superOptions.split(',').filter((o) => o !== 'rw') }];
    return [];
  });
}

export async function hierarchies(): Promise<Hierarchy[]> {
  return parseHierarchies(await readFile('/proc/self/mountinfo', 'utf8'));
}

/**
 * The hierarchy in which the processes of a node are told apart. In version 1 it is `pids`: every process is in it, and
 * without limits it has no effect.
 */
export function trackingHierarchy(all: readonly Hierarchy[]): Hierarchy {
  const found = all.find((h) => h.controllers.includes('pids')) ?? all.find((h) => h.version === 2);
  if (found === undefined)
    throw codedError('REQUIREMENT_MISSING', 'needs cgroups: neither version 2 nor the controller `pids` is mounted');
  return found;
}

/**
 * Makes the node's cgroup in every hierarchy, as the kubelet expects of its `cgroupRoot`.
 * @throws REQUIREMENT_MISSING, one line, when the cgroup file system cannot be written.
 */
export async function createCgroup(name: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const path = join(hierarchy.path, name);
    try {
      await mkdir(path, { recursive: true });
      if (hierarchy.controllers.includes('cpuset')) await inheritCpuset(hierarchy.path, path);
      if (hierarchy.version === 2) await delegateControllers(hierarchy.path, path);
    } catch (cause) {
      throw codedError('REQUIREMENT_MISSING', `needs cgroups that can be written: ${String(cause)}`, { cause });
    }
  }
}

/** A version 1 cpuset without CPUs and memory nodes takes no process. */
async function inheritCpuset(parent: string, child: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if ((await readFile(join(child, file), 'utf8')).trim() !== '') continue;
    await writeFile(join(child, file), await readFile(join(parent, file), 'utf8'));
  }
}

/** Version 2: a cgroup has the controllers that its parent passes on. */
async function delegateControllers(root: string, child: string): Promise<void> {
  const controllers = (await readFile(join(root, 'cgroup.controllers'), 'utf8')).split(/\s+/).filter(Boolean);
  const words = controllers.map((controller) => `+${controller}`).join(' ');
  if (words === '') return;
  await writeFile(join(root, 'cgroup.subtree_control'), words);
  await writeFile(join(child, 'cgroup.subtree_control'), words);
}

/** Every process in the node's cgroup or below it, in any hierarchy. */
export async function processesIn(name: string): Promise<number[]> {
  const folders = (await Promise.all((await hierarchies()).map((h) => subtree(join(h.path, name))))).flat();
  const pids = await Promise.all(folders.map(processesOf));
  return [...new Set(pids.flat())];
}

/** The processes in one cgroup folder, without those below it; none when it does not exist. */
export async function processesOf(folder: string): Promise<number[]> {
  const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  // 0 stands for a process of another PID namespace.
  return text
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
}

/**
 * Kills every process of the node. A pid is taken from the kernel's list the moment before, so it is the node's own.
 * @throws CLUSTER_FAILED when processes are left after 20 s.
 */
export async function killProcesses(name: string): Promise<void> {
  const left = await pollUntil(
    async () => {
      const pids = await processesIn(name);
      pids.forEach(kill);
      return pids.length === 0;
    },
    { everyMs: 50, timeoutMs: 20_000 },
  );
  if (!left)
    throw codedError(
      'CLUSTER_FAILED',
      `processes in cgroup ${name} cannot be killed: ${(await processesIn(name)).join(' ')}`,
    );
}

/** SIGKILL; a process that is gone already is fine. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Removes the node's cgroup and all below it from every hierarchy.
 * @throws CLUSTER_FAILED when the kernel still holds one after 10 s.
 */
export async function removeCgroup(name: string): Promise<void> {
  const gone = await pollUntil(
    async () => {
      const folders = (await Promise.all((await hierarchies()).map((h) => subtree(join(h.path, name))))).flat();
      for (const folder of folders.toReversed()) await rmdir(folder).catch(() => undefined);
      return folders.length === 0;
    },
    { everyMs: 50, timeoutMs: 10_000 },
  );
  if (!gone) throw codedError('CLUSTER_FAILED', `cgroup ${name} cannot be removed`);
}

/** A cgroup folder and those below it, parents first; none when it does not exist. */
async function subtree(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [];
  const below = await Promise.all(entries.filter((e) => e.isDirectory()).map((e) => subtree(join(folder, e.name))));
  return [folder, ...below.flat()];
}
