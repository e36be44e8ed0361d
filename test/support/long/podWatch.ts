import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, inject } from 'vitest';
import { clusterEnvironment } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';

const node = inject('node');
const fields = [
  '.metadata.name',
  '.metadata.uid',
  '.metadata.deletionTimestamp',
  '.status.phase',
  '.status.reason',
  '.status.conditions[?(@.type=="Ready")].status',
  '.status.containerStatuses[*].restartCount',
  '.status.initContainerStatuses[*].restartCount',
];
const template = `${fields.map((field) => `{${field}}`).join('|')}{"\\n"}`;

/** What befell the pods of a namespace while somebody looked: each change of each of them, not samples. */
export interface PodWatch {
  /** Names of pods that were ready at some time. */
  readonly ready: () => ReadonlySet<string>;
  /** Of each pod that an app would have suffered from: restarts, eviction, not ready any more before it was deleted. */
  readonly harm: () => readonly string[];
  /** How often the sidecars of all pods were started again. */
  readonly sidecarRestarts: () => number;
  readonly stop: () => Promise<void>;
}

/** Everything that the API server tells of the namespace's pods from now on. */
export async function watchPods(namespace: string): Promise<PodWatch> {
  const environment = await clusterEnvironment(node);
  const argv = inNetns(node.netns, [
    environment['KUBECTL'] ?? '',
    'get',
    'pods',
    '-n',
    namespace,
    '--watch',
    '-o',
    `jsonpath=${template}`,
  ]);
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const ready = new Set<string>();
  const harm = new Set<string>();
  const restarts = new Map<string, number>();
  const started = performance.now();
  const at = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  let seen = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    seen += 1;
    const [
      name = '',
      uid = '',
      deleted = '',
      phase = '',
      reason = '',
      isReady = '',
      appRestarts = '',
      sidecarRestarts = '',
    ] = line.split('|');
    if (sum(appRestarts) > 0) harm.add(`${name}: the app was started again`);
    if (reason !== '' || phase === 'Failed') harm.add(`${name}: ${phase} ${reason}`);
    if (isReady === 'True') ready.add(name);
    else if (ready.has(name) && deleted === '') harm.add(`${name}: not ready, at ${at()}`);
    restarts.set(uid, sum(sidecarRestarts));
  });
  return {
    ready: () => ready,
    harm: () => {
      expect([child.exitCode, seen > 0], 'the watch goes on, and has seen pods').toEqual([null, true]);
      return [...harm];
    },
    sidecarRestarts: () => [...restarts.values()].reduce((total, count) => total + count, 0),
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function sum(counts: string): number {
  return counts.split(' ').reduce((total, count) => total + Number(count), 0);
}
