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
  /** The keys from the object to its pod template. */
  readonly path: readonly string[];
  readonly template: PodTemplate;
}

/**
 * The workload in an answer of the API server.
 * @throws KIND_UNSUPPORTED for a kind without a pod template that can be changed, NOT_INJECTABLE for an object that
 * belongs to a controller or is being deleted
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

/** The containers of pods and Jobs cannot be changed after their creation. */
function immutable({ kind, metadata }: WorkloadObject, where: string): CodedError {
  const owner = controllerOf(metadata);
  const what =
    kind === 'Pod'
      ? 'the containers of a pod cannot be changed once it is created'
      : 'the pod template of a job cannot be changed once it is created';
  const hint =
    owner === undefined
      ? 'Inject its manifest (`packet-capture inject -f`), delete it and create it again.'
      : ownerHint(owner);
  return codedError('KIND_UNSUPPORTED', what, { where, hint });
}

/**
 * Operations that make the whole JSON Patch fail if the object has changed since it was read.
 *
 * `metadata.generation` changes with the spec (and with the annotations of a Deployment). resourceVersion would be as
 * safe, but it changes with every update of the status, so with every pod that starts or ends. A test of the pod
 * template would have to contain all of it, with the secrets in its environment. The uid detects an object that was
 * deleted and created again, whose generation is 1 again, and a kubectl context that was switched to another cluster.
 */
export function guardOperations({ metadata }: WorkloadObject): PatchOperation[] {
  const { uid, generation, resourceVersion } = metadata;
  const version: PatchOperation =
    generation === undefined
      ? { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }
      : { op: 'test', path: '/metadata/generation', value: generation };
  return [{ op: 'test', path: '/metadata/uid', value: uid }, version];
}
