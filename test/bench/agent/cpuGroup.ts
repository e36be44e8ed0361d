import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCgroup, hierarchies, killProcesses, processesIn, removeCgroup } from '../../../scripts/cluster/cgroups.ts';

/** A cgroup whose share of the CPU can be limited, as the kubelet does by `resources.limits.cpu`. */
export interface CpuGroup {
  /** What to put before a program's arguments to run it there. */
  readonly enter: readonly string[];
  /** In cores; undefined: no limit. */
  readonly limit: (cores: number | undefined) => Promise<void>;
  /** Seconds that its processes have run so far, kernel included. */
  readonly seconds: () => Promise<number>;
  readonly processes: () => Promise<number[]>;
  readonly remove: () => Promise<void>;
}

/** The period of the kubelet (pkg/kubelet/cm/helpers_linux.go, QuotaPeriod). */
const periodMicroseconds = 100_000;

export async function makeCpuGroup(name: string): Promise<CpuGroup> {
  await createCgroup(name);
  const all = await hierarchies();
  // Version 2: a cgroup that passes on its controllers holds no process itself.
  const folders = all.map(({ path }) => join(path, name, 'limited'));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  const folderOf = (controller: string): { readonly folder: string; readonly version: 1 | 2 } => {
    const index = all.findIndex((h) => h.version === 2 || h.controllers.includes(controller));
    const folder = folders[index];
    if (folder === undefined) throw new Error(`there is no cgroup controller ${controller}`);
    return { folder, version: all[index]?.version ?? 1 };
  };
  const [cpu, accounting] = [folderOf('cpu'), folderOf('cpuacct')];
  const entered = [...new Set([cpu.folder, accounting.folder])].map((folder) => `echo $$ > ${folder}/cgroup.procs; `).join('');
  return {
    enter: ['sh', '-c', `${entered}exec "$@"`, 'enter'],
    limit: async (cores) => {
      const quota = cores === undefined ? undefined : Math.round(cores * periodMicroseconds);
      if (cpu.version === 2) await writeFile(join(cpu.folder, 'cpu.max'), `${quota ?? 'max'} ${periodMicroseconds}`);
      else await writeFile(join(cpu.folder, 'cpu.cfs_quota_us'), String(quota ?? -1));
    },
    seconds: async () => {
      if (accounting.version === 1) return Number(await readFile(join(accounting.folder, 'cpuacct.usage'), 'utf8')) / 1e9;
      const [, microseconds] = /usage_usec (\d+)/.exec(await readFile(join(accounting.folder, 'cpu.stat'), 'utf8')) ?? [];
      return Number(microseconds) / 1e6;
    },
    processes: () => processesIn(name),
    remove: async () => {
      await killProcesses(name);
      await removeCgroup(name);
    },
  };
}
