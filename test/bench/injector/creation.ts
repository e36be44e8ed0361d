import { join } from 'node:path';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { kubectl, runInNetns } from '../../../scripts/cluster/kubectl.ts';
import type { ClusterHandle } from '../../../scripts/cluster/paths.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../scripts/cluster/tools.ts';
import { ensureInjectorImage } from '../../../scripts/images/images.ts';
import { root } from '../../../scripts/images/root.ts';
import { policyObjects } from '../../../src/policy/index.ts';
import { injectAnnotation } from '../../../src/settings/index.ts';
import { defaultSidecarConfig } from '../../../src/sidecar/index.ts';
import type { CreationRequest } from './creations.ts';

/** What can stand between a user and a new pod. */
export const obstacles = ['none', 'policy', 'webhook'] as const;
export type Obstacle = (typeof obstacles)[number];

const prefix = 'bench-creation';
const home = `${prefix}-release`;
const namespaceOf = (obstacle: Obstacle): string => `${prefix}-${obstacle}`;
/** Of namespaces: a label for each way, beside those of other releases on the node. */
const labelOf = (obstacle: Obstacle): string => `${prefix}.packet-capture.internal/${obstacle}`;

/**
 * What the API server needs to create a pod of 10 KB, in milliseconds: in a namespace that nothing is injected into, in
 * one that the policy injects into, and in one that the webhook of the chart with its default values injects into; one
 * pod each in turn.
 */
export async function measureCreations(node: ClusterHandle, count: number): Promise<Readonly<Record<Obstacle, readonly number[]>>> {
  const helm = await ensureHelm(4, stderrProgress);
  await loadImage(node, await ensureInjectorImage(stderrProgress), stderrProgress);
  const objects = [...obstacles.map(namespaceObject), { apiVersion: 'v1', kind: 'Namespace', metadata: { name: home } }, ...policy()];
  try {
    await kube(node, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    const values = ['--set-string', `injection.namespaceLabel=${labelOf('webhook')}`, '--set', 'image.pullPolicy=Never'];
    const { exitCode, stderr } = await runInNetns(node, [helm, 'install', prefix, join(root, 'chart'), '-n', home, '--wait', '--timeout', '2m', ...values]);
    if (exitCode !== 0) throw new Error(`helm install failed:\n${stderr}`);
    stderrProgress(`creating ${count} pods in each of ${obstacles.length} namespaces`);
    const request: CreationRequest = { kubeconfig: node.kubeconfig, count, namespaces: Object.fromEntries(obstacles.map((obstacle) => [namespaceOf(obstacle), obstacle !== 'none'])) };
    const created = await runInNetns(node, [process.execPath, join(import.meta.dirname, 'creations.ts'), JSON.stringify(request)]);
    if (created.exitCode !== 0) throw new Error(created.stderr);
    const times = JSON.parse(created.stdout) as Readonly<Record<string, readonly number[]>>;
    return Object.fromEntries(obstacles.map((obstacle) => [obstacle, times[namespaceOf(obstacle)] ?? []])) as Record<Obstacle, readonly number[]>;
  } finally {
    await runInNetns(node, [helm, 'uninstall', prefix, '-n', home, '--ignore-not-found', '--wait']);
    await kubectl(node, ['delete', '-f', '-', '--ignore-not-found', '--wait=true'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects.toReversed() }) });
  }
}

function namespaceObject(obstacle: Obstacle): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceOf(obstacle), labels: { [labelOf(obstacle)]: 'enabled' } } };
}

function policy(): readonly object[] {
  return policyObjects({
    config: defaultSidecarConfig,
    name: `${prefix}-policy`,
    namespace: home,
    namespaceLabel: labelOf('policy'),
    annotation: injectAnnotation,
    optOut: false,
    failurePolicy: 'Ignore',
  });
}

async function kube(node: ClusterHandle, args: readonly string[], input: string): Promise<void> {
  const { exitCode, stderr } = await kubectl(node, args, { input });
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} failed:\n${stderr}`);
}
