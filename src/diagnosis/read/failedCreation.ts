import { rethrowUnlessRecoverable } from '../../errors.ts';
import type { WorkloadObject } from '../../kubernetes/api/types.ts';
import { readEvents } from '../../kubernetes/events.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { controllerOf } from '../../kubernetes/owners.ts';
import { templateOf } from './podOwners.ts';

/** Where a controller has recently failed to create a pod, by events: these are usually kept for an hour. */
export interface FailedCreations {
  /** `namespace/Kind/name` */
  readonly keys: ReadonlySet<string>;
  /** False when there are more events than were read. */
  readonly complete: boolean;
}

/**
 * @returns undefined when events may not be read
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function readFailedCreations(
  kubectl: Kubectl,
  namespace: string | undefined,
): Promise<FailedCreations | undefined> {
  try {
    const { kept, complete } = await readEvents(kubectl, namespace, 'reason=FailedCreate');
    return {
      complete,
      keys: new Set(
        kept.map(({ involvedObject, metadata }) =>
          keyOf(metadata.namespace, involvedObject?.kind, involvedObject?.name),
        ),
      ),
    };
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return undefined;
  }
}

function keyOf(namespace = '', kind = '', name = ''): string {
  return `${namespace}/${kind}/${name}`;
}

/**
 * The workloads that users wrote and whose pods could not be created, by the status and events of these workloads and
 * of the objects between them and their pods. Those with a status of their own come first. Pure.
 * @param failed when it is undefined or incomplete, workloads with fewer pods than wanted are included
 */
export function failingWorkloads(
  workloads: readonly WorkloadObject[],
  failed: FailedCreations | undefined,
): WorkloadObject[] {
  const byKey = new Map(
    workloads.map((object) => [keyOf(object.metadata.namespace, object.kind, object.metadata.name), object] as const),
  );
  const topOf = (object: WorkloadObject): WorkloadObject => {
    let top = object;
    for (let depth = 0; depth < 8; depth += 1) {
      const owner = controllerOf(top.metadata);
      const above = owner === undefined ? undefined : byKey.get(keyOf(top.metadata.namespace, owner.kind, owner.name));
      if (above === undefined) return top;
      top = above;
    }
    return top;
  };
  const isFailed = (object: WorkloadObject): boolean =>
    failed?.keys.has(keyOf(object.metadata.namespace, object.kind, object.metadata.name)) === true ||
    (failed?.complete !== true && isShort(object));
  const saying = workloads.filter(saysSo).map(topOf);
  const others = workloads.filter((object) => !saysSo(object) && isFailed(object)).map(topOf);
  return [...new Set([...saying, ...others])].filter(
    (object) =>
      controllerOf(object.metadata) === undefined &&
      templateOf({ ...object, name: object.metadata.name, object }) !== undefined,
  );
}

/** The condition of a Deployment, a ReplicaSet or a ReplicationController. */
function saysSo({ status }: WorkloadObject): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'ReplicaFailure' && value === 'True') === true;
}

function isShort({ kind, spec, status }: WorkloadObject): boolean {
  if (kind === 'Job' || kind === 'CronJob') return false;
  if (kind === 'DaemonSet') return (status?.numberAvailable ?? 0) < (status?.desiredNumberScheduled ?? 0);
  return (status?.replicas ?? 0) < (spec?.replicas ?? 1);
}
