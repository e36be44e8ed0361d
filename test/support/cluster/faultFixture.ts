import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, inject } from 'vitest';
import { processesIn } from '../../../scripts/cluster/cgroups.ts';
import { clusterEnvironment, kubectl } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import { pollUntil } from '../../../scripts/cluster/poll.ts';
import { kube } from './clusterFixture.ts';
import type { StreamReport } from './faultStream.ts';
import { installed } from './helmFixture.ts';

const node = inject('node');

/** A release under faults, and a namespace of which it injects the pods. */
export interface FaultFixture {
  readonly release: string;
  readonly namespace: string;
  readonly site: string;
}

export function faultFixture(name: string): FaultFixture {
  return { release: `${name}-packet-capture`, namespace: name, site: `${name}-site` };
}

export async function installFaultFixture(
  { release, namespace, site }: FaultFixture,
  flags: readonly string[] = [],
): Promise<void> {
  const metadata = { name: site, labels: { [`${namespace}/injection`]: 'enabled' } };
  await kube(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata }));
  await installed(4, [
    'install',
    '--release',
    release,
    '--namespace',
    namespace,
    '--yes',
    '--set',
    `injection.namespaceLabel=${namespace}/injection`,
    ...flags,
  ]);
}

export async function removeFaultFixture({ release, namespace, site }: FaultFixture): Promise<void> {
  await installed(4, ['uninstall', '--release', release, '--namespace', namespace, '--yes']);
  await kube(['delete', 'namespace', namespace, site, '--ignore-not-found', '--wait=false']);
}

export interface Stream {
  /** Creates so many pods; done when the API server has answered for each of them. */
  readonly create: (phase: string, pods: number) => Promise<void>;
}

/** Pods are created while `work` tells how many; what became of each of them. */
export async function underStream(
  { site }: FaultFixture,
  work: (stream: Stream) => Promise<void>,
): Promise<StreamReport> {
  const argv = inNetns(node.netns, [
    process.execPath,
    join(import.meta.dirname, 'faultStream.ts'),
    node.kubeconfig,
    site,
  ]);
  const [file = '', ...args] = argv;
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...(await clusterEnvironment(node)) },
  });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  let asked = 0;
  const create = async (phase: string, pods: number): Promise<void> => {
    asked += 1;
    const line = JSON.stringify({ phase, pods, asked });
    child.stdin.write(`${line}\n`);
    const answered = await pollUntil(async () => Promise.resolve(lines.includes(line) || child.exitCode !== null), {
      everyMs: 50,
      timeoutMs: 600_000,
    });
    expect(answered && child.exitCode === null, `${line}: not done`).toBe(true);
  };
  try {
    await work({ create });
  } finally {
    child.stdin.end();
    await exited;
  }
  const last = JSON.parse(lines.at(-1) ?? '{}') as { readonly report?: StreamReport };
  expect(last.report, lines.join('\n')).toBeDefined();
  return last.report as StreamReport;
}

/** What no fault may do, and what there was of it. */
export function harm({ refusals, notReady, unnamed, falselyNamed }: StreamReport): object {
  return { refusals, notReady, unnamed, falselyNamed };
}

export const noHarm = { refusals: [], notReady: [], unnamed: [], falselyNamed: [] } as const;

/** Pods of a phase that came up without the sidecar. */
export function missedIn({ phases }: StreamReport, phase: string): number {
  const { created, injected } = phases[phase] ?? { created: 0, injected: 0 };
  return created - injected;
}

/** The process of each injector of a release: the first one of its container. */
export async function injectorPids({ namespace }: FaultFixture): Promise<readonly number[]> {
  const uids = (
    await kube([
      'get',
      'pods',
      '-n',
      namespace,
      '-l',
      'app.kubernetes.io/component=injector',
      '-o',
      'jsonpath={.items[*].metadata.uid}',
    ])
  ).split(' ');
  const pids = await Promise.all(
    (await processesIn(node.cgroup)).map(async (pid) => {
      const [cgroup, command] = await Promise.all(
        ['cgroup', 'cmdline'].map(async (name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
      );
      const own = uids.some(
        (uid) => uid !== '' && (cgroup?.includes(uid) === true || cgroup?.includes(uid.replaceAll('-', '_')) === true),
      );
      return own && command?.includes('/app/injector.cjs') === true ? [pid] : [];
    }),
  );
  return pids.flat();
}

/** Waits until pods are injected again, a few times in a row: a Service of two chooses by chance. */
export async function untilInjecting({ release, namespace, site }: FaultFixture, seconds = 180): Promise<void> {
  await kube(['rollout', 'status', '-n', namespace, `deploy/${release}`, `--timeout=${seconds}s`]);
  const spec = { containers: [{ name: 'app', image: 'app' }] };
  const pod = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'again-', namespace: site, annotations: { 'packet-capture/inject': 'true' } },
    spec,
  });
  let inRow = 0;
  const again = async (): Promise<boolean> => {
    const { stdout } = await kubectl(node, ['create', '--dry-run=server', '-f', '-', '-o', 'json'], { input: pod });
    inRow = stdout.includes('"name": "packet-capture"') ? inRow + 1 : 0;
    return inRow >= 5;
  };
  expect(await pollUntil(again, { everyMs: 200, timeoutMs: seconds * 1000 }), 'pods are not injected again').toBe(true);
}
