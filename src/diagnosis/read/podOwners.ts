import { templatePath } from '../../kubernetes/api/kinds.ts';
import {
  objectName,
  templateAt,
  type Metadata,
  type WorkloadObject,
  type PodTemplate,
} from '../../kubernetes/api/types.ts';
import { controllerOf } from '../../kubernetes/owners.ts';
import { restartOf } from '../../kubernetes/updateStrategy.ts';
import { shell } from '../../shell.ts';

/** An object above a pod. */
export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Absent when it cannot be read, or is gone. */
  readonly object?: WorkloadObject | undefined;
}

/** How the pods of a workload are replaced. */
export interface Roll {
  /** `deployment/web`: the argument of `kubectl rollout restart`; absent where that has no effect. */
  readonly restart?: string;
  /** One sentence, or the command line. */
  readonly line: string;
}

/** Finds an owner in the namespace of the pod, among objects that were read before; undefined when it is not there. */
export type ReadOwner = (apiVersion: string, kind: string, name: string) => WorkloadObject | undefined;

/** The controllers above a pod, the nearest first, as far as they are known. */
export function ownersOf(metadata: Metadata, read: ReadOwner): Owner[] {
  const owners: Owner[] = [];
  let next = controllerOf(metadata);
  while (next !== undefined && owners.length < 8) {
    const { apiVersion, kind, name } = next;
    const object = read(apiVersion, kind, name);
    owners.push({ apiVersion, kind, name, object });
    next = object === undefined ? undefined : controllerOf(object.metadata);
  }
  return owners;
}

/** `deployment/web`, the workload that a user wrote; undefined for a pod without an owner. */
export function topOwner(owners: readonly Owner[]): Owner | undefined {
  return owners.at(-1);
}

/** `deployment/web` */
export function ownerName({ kind, name }: Owner): string {
  return objectName({ kind, metadata: { name } });
}

/** The pod template of an owner, when its kind is known and it could be read. */
export function templateOf({ apiVersion, kind, object }: Owner): PodTemplate | undefined {
  const path = object === undefined ? undefined : templatePath(apiVersion, kind);
  return object === undefined || path === undefined ? undefined : templateAt(object, path);
}

/** How a pod is replaced, so that the new one goes through admission. */
export function rollOf(pod: { readonly name: string; readonly namespace: string }, owners: readonly Owner[]): Roll {
  const owner = topOwner(owners);
  const remove = shell`kubectl delete pod ${pod.name} --namespace ${pod.namespace}`;
  if (owner === undefined)
    return { line: 'No controller replaces this pod: delete it and create it again from its manifest.' };
  const { object } = owner;
  const known = object !== undefined && templatePath(owner.apiVersion, owner.kind) !== undefined;
  const target = ownerName(owner);
  if (known && ['Deployment', 'StatefulSet', 'DaemonSet'].includes(owner.kind)) {
    // When it is paused, or OnDelete, a changed template replaces no pod.
    if (restartOf(object).rollout)
      return { restart: target, line: shell`kubectl rollout restart ${target} --namespace ${pod.namespace}` };
    return {
      line:
        object.spec?.paused === true ? shell`kubectl rollout resume ${target} --namespace ${pod.namespace}` : remove,
    };
  }
  if (owner.kind === 'CronJob') return { line: `Nothing to do: the next run of ${target} goes through admission.` };
  if (owner.kind === 'Job') return { line: `The pods of ${target} are not replaced: delete it and create it again.` };
  return { line: remove };
}
