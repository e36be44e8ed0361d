import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { hierarchies, processesOf, trackingHierarchy } from './cgroups.ts';
import type { ClusterHandle } from './paths.ts';
import { pollUntil } from './poll.ts';

/** Debian's own; a component gets nothing of the user's environment, least of all a proxy. */
export const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A long-running process of the node. */
export interface Component {
  readonly name: string;
  /** Base name of its program, by which it is told from its children (containerd's shims, for one). */
  readonly program: string;
}

/**
 * Starts a component that outlives this process, in a session and a cgroup of its own, with its output in
 * `logs/<name>.log`. The cgroup is the record of what runs: the kernel keeps it true whoever dies, and no pid of it can
 * belong to somebody else.
 */
export async function startComponent(
  handle: ClusterHandle,
  component: Component,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const folder = await cgroupFolder(handle, component);
  await mkdir(folder, { recursive: true });
  await mkdir(handle.logDir, { recursive: true });
  const log = await open(logFile(handle, component), 'a', 0o600);
  try {
    // The shell joins the cgroup before it becomes the program, so there is no moment at which it is outside.
    const script = 'echo $$ > "$1"; shift; exec "$@"';
    const child = spawn('sh', ['-ec', script, 'sh', join(folder, 'cgroup.procs'), ...argv], {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log.fd, log.fd],
      env: { PATH: systemPath, HOME: homedir(), ...env },
    });
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    // Until the program has taken the shell's place, or is gone again.
    await pollUntil(
      async () => (await isAlive(handle, component)) || child.exitCode !== null || child.signalCode !== null,
      { everyMs: 10, timeoutMs: 10_000 },
    );
  } finally {
    await log.close();
  }
}

/** The pid of a component, if it runs. */
export async function pidOf(handle: ClusterHandle, component: Component): Promise<number | undefined> {
  for (const pid of await processesOf(await cgroupFolder(handle, component))) {
    if ((await programOf(pid)) === component.program) return pid;
  }
  return undefined;
}

export async function isAlive(handle: ClusterHandle, component: Component): Promise<boolean> {
  return (await pidOf(handle, component)) !== undefined;
}

export function logFile(handle: ClusterHandle, component: Component): string {
  return join(handle.logDir, `${component.name}.log`);
}

/** The last lines of a component's log, none if it has not written any. */
export async function lastLines(handle: ClusterHandle, component: Component, count = 15): Promise<string[]> {
  const text = await readFile(logFile(handle, component), 'utf8').catch(() => '');
  return text
    .trimEnd()
    .split('\n')
    .slice(-count)
    .filter((line) => line !== '');
}

async function cgroupFolder(handle: ClusterHandle, component: Component): Promise<string> {
  return join(trackingHierarchy(await hierarchies()).path, handle.cgroup, 'system', component.name);
}

/** Base name of a process' argv[0]; empty for a process that is gone or a zombie. */
async function programOf(pid: number): Promise<string> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return basename(commandLine.split('\0')[0] ?? '');
}
