import { isAlive, pidOf } from './components.ts';
import { hasNetns, machine } from './machine.ts';
import { type ClusterHandle, clusterHandle } from './paths.ts';
import { nodeIsReady } from './readiness.ts';
import { component, componentNames } from './up.ts';

export interface ClusterStatus extends ClusterHandle {
  /** The node takes pods. */
  readonly ready: boolean;
  /** Every part of a node, with its pid if it runs. */
  readonly components: readonly { readonly name: string; readonly pid?: number }[];
}

/** What runs of a node; never starts anything. */
export async function clusterStatus(name: string): Promise<ClusterStatus> {
  const handle = clusterHandle(name);
  const all = [machine, ...componentNames.map(component)];
  const components = await Promise.all(
    all.map(async (item) => {
      const pid = await pidOf(handle, item);
      return { name: item.name, ...(pid === undefined ? {} : { pid }) };
    }),
  );
  const asks = (await hasNetns(handle.netns)) && (await isAlive(handle, component('kube-apiserver')));
  const complete = components.every(({ pid }) => pid !== undefined);
  return { ...handle, ready: complete && asks && (await nodeIsReady(handle)), components };
}

export function formatStatus({ name, ready, components, kubeconfig, netns, logDir }: ClusterStatus): string {
  const alive = components.filter(({ pid }) => pid !== undefined).length;
  const state = ready ? 'Ready' : alive === 0 ? 'down' : 'not ready';
  return [
    `${name}: ${state}`,
    ...components.map(({ name: part, pid }) => `  ${part.padEnd(24)} ${pid ?? '-'}`),
    `  ${'network namespace'.padEnd(24)} ${netns}`,
    `  ${'kubeconfig'.padEnd(24)} ${kubeconfig}`,
    `  ${'logs'.padEnd(24)} ${logDir}`,
  ].join('\n');
}
