import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createCgroup,
  hierarchies,
  killProcesses,
  processesOf,
  removeCgroup,
} from '../../../scripts/cluster/cgroups.ts';

/** A cgroup for one agent, in which the kernel counts its memory as it does for a container's limit. */
export interface AgentGroup {
  /** What to put before a program's arguments to run it there. */
  readonly enter: readonly string[];
  readonly taken: () => Promise<Taken>;
  readonly remove: () => Promise<void>;
}

/** What all processes of a group take at one moment. */
export interface Taken {
  readonly processes: number;
  /** Open file descriptors of all of them. */
  readonly descriptors: number;
  /** Anonymous memory in kB. */
  readonly anonymous: number;
  /** The kernel's own memory for them in kB, what it may drop included: names of files that are gone, for example. */
  readonly kernel: number;
}

export async function makeAgentGroup(name: string): Promise<AgentGroup> {
  await createCgroup(name);
  const all = await hierarchies();
  const memory =
    all.find(({ controllers }) => controllers.includes('memory')) ?? all.find(({ version }) => version === 2);
  if (memory === undefined) throw new Error('there is no cgroup controller memory');
  // Version 2: a cgroup that passes on its controllers holds no process itself.
  const folder = join(memory.path, name, 'agent');
  await mkdir(folder, { recursive: true });
  return {
    enter: ['sh', '-c', `echo $$ > ${folder}/cgroup.procs; exec "$@"`, 'enter'],
    taken: async () => {
      const pids = await processesOf(folder);
      // One that has ended meanwhile has none.
      const open = await Promise.all(
        pids.map(async (pid) => (await readdir(`/proc/${pid}/fd`).catch(() => [])).length),
      );
      const text = await readFile(join(folder, 'memory.stat'), 'utf8');
      const [bytes, kernel] =
        memory.version === 2
          ? [field(text, 'anon'), field(text, 'kernel')]
          : [field(text, 'rss'), Number(await readFile(join(folder, 'memory.kmem.usage_in_bytes'), 'utf8'))];
      return {
        processes: pids.length,
        descriptors: open.reduce((sum, count) => sum + count, 0),
        anonymous: bytes / 1024,
        kernel: kernel / 1024,
      };
    },
    remove: async () => {
      await killProcesses(name);
      await removeCgroup(name);
    },
  };
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}
