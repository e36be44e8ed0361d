import type { Kubectl } from '../cluster/index.ts';
import type { WorkloadObject } from '../cluster/kubernetes.ts';
import { readSome, unlessForbidden } from '../cluster/reading.ts';
import type { LivePod, Namespace } from './kubernetes.ts';
import type { ReadOwner } from './owners.ts';

/** What runs in the namespaces that are looked at; undefined: it may not be read. */
export interface Inventory {
  readonly namespaces: readonly Namespace[] | undefined;
  readonly pods: readonly LivePod[] | undefined;
  readonly workloads: readonly WorkloadObject[] | undefined;
}

/** Kinds that users write and that own pods; others are known by name alone. */
const kinds = 'deployments.apps,statefulsets.apps,daemonsets.apps,replicasets.apps,replicationcontrollers,jobs.batch,cronjobs.batch';

/** @param namespace undefined: all of them. @throws as Kubectl */
export async function readInventory(kubectl: Kubectl, namespace: string | undefined): Promise<Inventory> {
  const within = namespace === undefined ? ['--all-namespaces'] : ['--namespace', namespace];
  const name = namespace === undefined ? [] : [namespace];
  const read = async <T>(args: readonly string[]): Promise<T[] | undefined> => unlessForbidden(async () => readSome<T>(kubectl, args));
  const [namespaces, pods, workloads] = await Promise.all([
    read<Namespace>(['get', 'namespaces', ...name]),
    read<LivePod>(['get', 'pods', ...within]),
    read<WorkloadObject>(['get', kinds, ...within]),
  ]);
  return { namespaces, pods, workloads };
}

/** Finds the owners of a namespace's objects among workloads that were read. */
export function ownerIndex(workloads: readonly WorkloadObject[]): (namespace: string) => ReadOwner {
  const index = new Map(workloads.map((object) => [keyOf(object.metadata.namespace ?? '', object.kind, object.metadata.name), object]));
  return (namespace) => (_apiVersion, kind, name) => index.get(keyOf(namespace, kind, name));
}

function keyOf(namespace: string, kind: string, name: string): string {
  return `${namespace}/${kind}/${name}`;
}
