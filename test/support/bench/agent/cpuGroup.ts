import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  createCgroup,
  hierarchies,
  killProcesses,
  processesOf,
  removeCgroup,
  type Hierarchy,
} from '../../../../scripts/cluster/cgroups.ts';

/** A cgroup whose share of the CPU can be limited, as the kubelet does by `resources.limits.cpu`; and one beside it. */
export interface CpuGroup {
  /** What to put before a program's arguments to run it there. */
  readonly enter: readonly string[];
  /** The same for the one beside it, which has no limit and counts for nothing here. */
  readonly enterBeside: readonly string[];
  /** In cores; undefined: no limit. */
  readonly limit: (cores: number | undefined) => Promise<void>;
  /** Seconds that its processes have run so far, kernel included. */
  readonly seconds: () => Promise<number>;
  readonly processes: () => Promise<number[]>;
  readonly remove: () => Promise<void>;
}

/** The period of the kubelet (pkg/kubelet/cm/helpers_linux.go, QuotaPeriod). */
const periodMicroseconds = 100_000;
/** The highest that there is: whatever else runs on the machine waits for what is measured, and does not hold it up. */
const weight = { 1: ['cpu.shares', '262144'], 2: ['cpu.weight', '10000'] } as const;

export async function makeCpuGroup(name: string): Promise<CpuGroup> {
  await createCgroup(name);
  const all = await hierarchies();
  const holding = (controller: string): Hierarchy => {
    const found = all.find((h) => h.version === 2 || h.controllers.includes(controller));
    if (found === undefined) throw new Error(`there is no cgroup controller ${controller}`);
    return found;
  };
  const [cpu, accounting] = [holding('cpu'), holding('cpuacct')];
  // Version 2: a cgroup that passes on its controllers holds no process itself.
  const [limited, beside] = ['limited', 'beside'].map((child) =>
    [...new Set([cpu, accounting])].map(({ path }) => join(path, name, child)),
  ) as [string[], string[]];
  for (const folder of [...limited, ...beside]) await mkdir(folder, { recursive: true });
  const [weightFile, highest] = weight[cpu.version];
  const [cpuFolder, accountingFolder] = [join(cpu.path, name, 'limited'), join(accounting.path, name, 'limited')];
  for (const folder of [dirname(cpuFolder), cpuFolder, join(cpu.path, name, 'beside')])
    await writeFile(join(folder, weightFile), highest);
  const enter = (folders: readonly string[]): string[] => [
    'sh',
    '-c',
    `${folders.map((folder) => `echo $$ > ${folder}/cgroup.procs; `).join('')}exec "$@"`,
    'enter',
  ];
  return {
    enter: enter(limited),
    enterBeside: enter(beside),
    limit: async (cores) => {
      const quota = cores === undefined ? undefined : Math.round(cores * periodMicroseconds);
      if (cpu.version === 2) await writeFile(join(cpuFolder, 'cpu.max'), `${quota ?? 'max'} ${periodMicroseconds}`);
      else await writeFile(join(cpuFolder, 'cpu.cfs_quota_us'), String(quota ?? -1));
    },
    seconds: async () => {
      if (accounting.version === 1)
        return Number(await readFile(join(accountingFolder, 'cpuacct.usage'), 'utf8')) / 1e9;
      const [, microseconds] =
        /usage_usec (\d+)/.exec(await readFile(join(accountingFolder, 'cpu.stat'), 'utf8')) ?? [];
      return Number(microseconds) / 1e6;
    },
    processes: () => processesOf(cpuFolder),
    remove: async () => {
      await killProcesses(name);
      await removeCgroup(name);
    },
  };
}
