import { readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../../scripts/cluster/command.ts';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { kubectl } from '../../../scripts/cluster/kubectl.ts';
import type { ClusterHandle } from '../../../scripts/cluster/paths.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { downCluster } from '../../../scripts/cluster/teardown.ts';
import { upCluster } from '../../../scripts/cluster/up.ts';
import { buildAgentImage } from '../../../scripts/images/agentImages.ts';
import { defaultSidecarConfig, makeSidecar } from '../../../src/sidecar/index.ts';
import type { BenchOptions, Figure } from '../../support/bench/figure.ts';

const image = 'localhost/packet-capture/agent:0.1.0';

/**
 * What a sidecar costs in a pod of the real node: memory and CPU, idle and with a capture that runs, beside a `sleep`
 * in a shell of the same image.
 */
export async function benchSidecar({ quick, signal }: BenchOptions): Promise<Figure[]> {
  const seconds = quick ? 10 : 60;
  try {
    const node = await upCluster({ name: 'bench', onProgress: stderrProgress });
    await buildAgentImage(image, stderrProgress);
    await loadImage(node, image, stderrProgress);
    await kubectl(node, ['apply', '-f', '-'], {
      input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: ['idle', 'running'].map(pod) }),
    });
    const ready = await kubectl(node, ['wait', 'pod', '--all', '--for=condition=Ready', '--timeout=60s']);
    if (ready.exitCode !== 0) throw new Error(ready.stderr);
    await sleep(3000, undefined, { signal });
    stderrProgress(`measuring two sidecars for ${seconds} s`);
    const [idle, running] = (await Promise.all(
      ['idle', 'running'].map((name) => measure(node, name, seconds, signal)),
    )) as [Cost, Cost];
    return [figure('idle', idle, seconds), figure('running, without traffic', running, seconds)].flat();
  } finally {
    await downCluster('bench', stderrProgress);
  }
}

interface Cost {
  /** Anonymous memory of all its processes. */
  readonly megabytes: number;
  /** Share of one core. */
  readonly percent: number;
  /** The app beside it: a shell that sleeps for good. */
  readonly sleepMegabytes: number;
}

function figure(what: string, { megabytes, percent, sleepMegabytes }: Cost, seconds: number): Figure[] {
  return [
    {
      what: `the agent ${what}: anonymous memory`,
      measured: `${megabytes.toFixed(2)} MB`,
      goal: 'at most 3 MB besides the ring',
      beside: `\`sleep\` of the same image ${sleepMegabytes.toFixed(2)} MB`,
    },
    {
      what: `the agent ${what}: CPU over ${seconds} s`,
      measured: `${percent.toFixed(3)} % of a core`,
      goal: what === 'idle' ? 'at most 0.002 %' : 'none',
      beside: '',
    },
  ];
}

function pod(name: string): unknown {
  const { container, volumes } = makeSidecar({
    config: defaultSidecarConfig,
    profile: 'privileged',
    guaranteed: false,
    podSettings: {},
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, annotations: { 'packet-capture/state': name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      initContainers: [{ ...container, image }],
      containers: [{ name: 'app', image, command: ['/usr/bin/sleep', '2147483647'] }],
      volumes,
    },
  };
}

async function measure(node: ClusterHandle, name: string, seconds: number, signal: AbortSignal): Promise<Cost> {
  const uid = (await kubectl(node, ['get', 'pod', name, '-o', 'jsonpath={.metadata.uid}'])).stdout;
  const processes = await processesOf(uid);
  const apps = processes.filter(({ command }) => command.startsWith('/usr/bin/sleep'));
  const agents = processes.filter(({ command }) => /packet-capture-agent|dumpcap/.test(command));
  const cgroup = agents[0]?.cgroup ?? '';
  const before = await cpuSeconds(cgroup);
  const from = performance.now();
  await sleep(seconds * 1000, undefined, { signal });
  const percent = ((await cpuSeconds(cgroup)) - before) / ((performance.now() - from) / 100_000);
  const memory = async (pids: readonly { pid: string }[]): Promise<number> =>
    (await Promise.all(pids.map(async ({ pid }) => anonymousMegabytes(pid)))).reduce((sum, value) => sum + value, 0);
  return { percent, megabytes: await memory(agents), sleepMegabytes: await memory(apps) };
}

interface Process {
  readonly pid: string;
  readonly command: string;
  /** Folder of its container's CPU accounting. */
  readonly cgroup: string;
}

async function processesOf(podUid: string): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid): Promise<Process[]> => {
      try {
        const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8');
        if (!groups.includes(podUid)) return [];
        await readlink(`/proc/${pid}/exe`);
        const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
        return [{ pid, command, cgroup: accountingFolder(groups) }];
      } catch {
        // It has ended since, or is one of the kernel's.
        return [];
      }
    }),
  );
  return found.flat();
}

function accountingFolder(groups: string): string {
  const version1 = /^\d+:([^:]*\bcpuacct\b[^:]*):(.*)$/m.exec(groups);
  if (version1 !== null) return join('/sys/fs/cgroup', version1[1] ?? '', version1[2] ?? '');
  return join('/sys/fs/cgroup', /^0::(.*)$/m.exec(groups)?.[1] ?? '');
}

async function cpuSeconds(folder: string): Promise<number> {
  try {
    return Number(await readFile(join(folder, 'cpuacct.usage'), 'utf8')) / 1e9;
  } catch {
    const [, microseconds] = /usage_usec (\d+)/.exec((await run(['cat', join(folder, 'cpu.stat')])).stdout) ?? [];
    return Number(microseconds) / 1e6;
  }
}

async function anonymousMegabytes(pid: string): Promise<number> {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kilobytes) * 1024) / 1e6;
}
