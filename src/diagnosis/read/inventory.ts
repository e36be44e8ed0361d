import { isCodedError, isForbidden } from '../../errors.ts';
import type { WorkloadObject, Pod, Namespace } from '../../kubernetes/api/types.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { collectThoroughly } from '../../kubernetes/memory.ts';
import { readPages, type ListedKind, type ListRequest } from '../../kubernetes/pages.ts';
import { readSome, unlessForbidden } from '../../kubernetes/reading.ts';
import { createSlimmer, type Slimmer } from '../../kubernetes/slim.ts';
import type { ReadOwner } from './podOwners.ts';

/** What runs in the checked namespaces; undefined parts may not be read. */
export interface Inventory {
  readonly namespaces: readonly Namespace[] | undefined;
  readonly pods: readonly Pod[] | undefined;
  readonly workloads: readonly WorkloadObject[] | undefined;
  /** Kinds of workloads that may not be listed. */
  readonly unreadable?: readonly string[];
}

/** Kinds that users write and that own pods; of other kinds only the name is known. */
const workloadKinds: readonly ListedKind[] = [
  'deployments',
  'statefulsets',
  'daemonsets',
  'replicasets',
  'replicationcontrollers',
  'jobs',
  'cronjobs',
];

/** Reads what `check` judges. @param namespace undefined: all of them. @throws as Kubectl */
export async function readInventory(kubectl: Kubectl, namespace: string | undefined): Promise<Inventory> {
  // Kept until the command ends, because judging needs as much memory again.
  collectThoroughly();
  const slim = createSlimmer();
  const read = async <T>(kind: ListedKind): Promise<T[] | undefined> => readKind<T>(kubectl, { kind, namespace }, slim);
  // Read one page after the other, because a page takes about ten times its size in memory while it is parsed.
  const pods = await read<Pod>('pods');
  const found: (readonly WorkloadObject[] | undefined)[] = [];
  for (const kind of workloadKinds) found.push(await read<WorkloadObject>(kind));
  const namespaces = await (namespace === undefined
    ? read<Namespace>('namespaces')
    : readNamespace(kubectl, namespace));
  const unreadable = workloadKinds.filter((_, index) => found[index] === undefined);
  return { namespaces, pods, workloads: found.flatMap((objects) => objects ?? []), unreadable };
}

async function readNamespace(kubectl: Kubectl, namespace: string): Promise<Namespace[] | undefined> {
  return unlessForbidden(async () => readSome<Namespace>(kubectl, ['get', 'namespaces', namespace]));
}

/** Undefined when it may not be listed; empty when the cluster has no such kind. */
async function readKind<T>(kubectl: Kubectl, request: ListRequest, slim: Slimmer): Promise<T[] | undefined> {
  try {
    return await readPages(kubectl, request, (object) => (isFormer(object) ? undefined : slim<T>(object)));
  } catch (error) {
    if (isForbidden(error)) return undefined;
    if (isCodedError(error) && error.code === 'NOT_FOUND') return [];
    throw error;
  }
}

/** ReplicaSets of older revisions, up to ten for each Deployment: they own no pods. */
function isFormer({
  kind,
  spec,
  status,
}: {
  readonly kind: string;
  readonly spec?: unknown;
  readonly status?: unknown;
}): boolean {
  const replicas = (of: unknown): number => (of as { readonly replicas?: number } | undefined)?.replicas ?? 0;
  return kind === 'ReplicaSet' && replicas(spec) === 0 && replicas(status) === 0;
}

/** Finds the owners of a namespace's objects among the workloads that were read. */
export function ownerIndex(workloads: readonly WorkloadObject[]): (namespace: string) => ReadOwner {
  const index = new Map(
    workloads.map((object) => [keyOf(object.metadata.namespace ?? '', object.kind, object.metadata.name), object]),
  );
  return (namespace) => (_apiVersion, kind, name) => index.get(keyOf(namespace, kind, name));
}

function keyOf(namespace: string, kind: string, name: string): string {
  return `${namespace}/${kind}/${name}`;
}
