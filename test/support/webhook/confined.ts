import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCgroup, hierarchies, killProcesses, removeCgroup } from '../../../scripts/cluster/cgroups.ts';

/** A cgroup with a limit of memory, as a container has it. */
export interface Confinement {
  /** What to put before a program's arguments to run it there. */
  readonly enter: readonly string[];
  /** How many processes the kernel has killed for their memory. */
  readonly killed: () => Promise<number>;
  /** The most that was charged to it, in bytes. */
  readonly most: () => Promise<number>;
  readonly remove: () => Promise<void>;
}

/** @throws REQUIREMENT_MISSING when cgroups cannot be written */
export async function confine(name: string, limitBytes: number): Promise<Confinement> {
  await createCgroup(name);
  const all = await hierarchies();
  const memory =
    all.find(({ controllers }) => controllers.includes('memory')) ?? all.find(({ version }) => version === 2);
  if (memory === undefined) throw new Error('there is no cgroup controller memory');
  const [limit, events, peak] =
    memory.version === 2
      ? ['memory.max', 'memory.events', 'memory.peak']
      : ['memory.limit_in_bytes', 'memory.oom_control', 'memory.max_usage_in_bytes'];
  // Version 2: a cgroup that passes on its controllers holds no process itself.
  const folder = join(memory.path, name, 'confined');
  await mkdir(folder, { recursive: true });
  const readHere = async (file: string): Promise<string> => readFile(join(folder, file), 'utf8');
  await writeFile(join(folder, limit), String(limitBytes));
  return {
    enter: ['sh', '-c', `echo $$ > ${folder}/cgroup.procs; exec "$@"`, 'enter'],
    killed: async () => Number(/^oom_kill (\d+)$/m.exec(await readHere(events))?.[1]),
    most: async () => Number(await readHere(peak)),
    remove: async () => {
      await killProcesses(name);
      await removeCgroup(name);
    },
  };
}
