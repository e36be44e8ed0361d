import { codedError, type CodedError } from '../errors.ts';
import { customKinds, customTemplatePath, templatePath, workloadKinds } from './api/kinds.ts';
import { type PatchOperation, type PodTemplate, objectName, templateAt, type WorkloadObject } from './api/types.ts';
import { controllerOf, ownerHint } from './owners.ts';

/** A workload whose pod template may be changed. */
export interface Workload {
  readonly object: WorkloadObject;
  /** `deployment/web in namespace shop`, for messages. */
  readonly where: string;
  readonly namespace: string;
  /** Path of the pod template, keys only. */
  readonly path: readonly string[];
  readonly template: PodTemplate;
}

/**
 * The workload in an answer of the API server.
 * @throws KIND_UNSUPPORTED for kinds without a pod template that can be changed, NOT_INJECTABLE for an object that
 * belongs to a controller or is about to vanish
 */
export function workloadOf(object: WorkloadObject): Workload {
  const namespace = object.metadata.namespace ?? 'default';
  const where = `${objectName(object)} in namespace ${namespace}`;
  const path = templatePath(object.apiVersion, object.kind) ?? customTemplatePath(object.apiVersion, object.kind);
  if (path === undefined) throw unsupported(object, where);
  const owner = controllerOf(object.metadata);
  if (object.kind === 'Pod' || object.kind === 'Job') throw immutable(object, where);
  if (owner !== undefined) {
    throw codedError(
      'NOT_INJECTABLE',
      `it belongs to ${owner.kind.toLowerCase()}/${owner.name}, whose controller makes it`,
      { where, hint: ownerHint(owner) },
    );
  }
  if (object.metadata.deletionTimestamp !== undefined)
    throw codedError('NOT_INJECTABLE', 'it is being deleted', { where });
  return { object, where, namespace, path, template: templateAt(object, path) };
}

function unsupported({ kind, apiVersion }: WorkloadObject, where: string): CodedError {
  const custom = customKinds
    .filter(({ nativeSidecars, group: of }) => nativeSidecars && of !== '')
    .map(({ kind: name }) => name);
  const kinds = [...workloadKinds.filter((name) => name !== 'Pod' && name !== 'Job'), ...custom].join(', ');
  return codedError(
    'KIND_UNSUPPORTED',
    `a ${kind} (${apiVersion}) has no pod template that this command knows; it knows ${kinds}`,
    { where },
  );
}

/** Pods and Jobs: what their containers are is settled when they are created. */
function immutable({ kind, metadata }: WorkloadObject, where: string): CodedError {
  const owner = controllerOf(metadata);
  const what =
    kind === 'Pod'
      ? 'the containers of a pod cannot be changed once it is created'
      : 'the pod template of a job cannot be changed once it is created';
  const hint =
    owner === undefined
      ? 'Inject its manifest (`packet-capture inject -f`), delete it and create it anew.'
      : ownerHint(owner);
  return codedError('KIND_UNSUPPORTED', what, { where, hint });
}

/**
 * Operations that make the whole JSON Patch fail unless the object is still the one that was read.
 *
 * `metadata.generation` moves with the spec (of a Deployment, with its annotations too). resourceVersion would be as
 * safe, but moves with every status update, all the time while pods come and go. A test of the pod template itself
 * would have to send it whole, with whatever secrets stand in its environment. The uid is for an object that was
 * deleted and created anew (generation 1 again), or for a kubectl context that was switched to another cluster
 * meanwhile.
 */
export function guardOperations({ metadata }: WorkloadObject): PatchOperation[] {
  const { uid, generation, resourceVersion } = metadata;
  const version: PatchOperation =
    generation === undefined
      ? { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }
      : { op: 'test', path: '/metadata/generation', value: generation };
  return [{ op: 'test', path: '/metadata/uid', value: uid }, version];
}
