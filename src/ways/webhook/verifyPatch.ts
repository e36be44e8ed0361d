import jsonPatch, { type Operation } from 'fast-json-patch';
import { jsonPointer, type Addition } from '../../inject/index.ts';
import type { PatchOperation, PodTemplate } from '../../kubernetes/api/types.ts';
import { listsOf, lostPart } from './lostPart.ts';
import { isPod } from './pod.ts';

/**
 * Why a patch might harm a pod; undefined when it adds exactly the addition and changes nothing else.
 *
 * A patch that does not apply fails the pod even under `failurePolicy: Ignore`
 * (apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go). So it is applied here first, and the result is
 * compared with the pod: everything is there, unchanged and in order, and the addition next to it.
 */
export function patchProblem(
  pod: PodTemplate,
  patch: readonly PatchOperation[],
  addition: Addition,
): string | undefined {
  const lists = listsOf(addition);
  const extended = Object.keys(addition.inFront ?? {}).map((key) => jsonPointer(['metadata', 'annotations', key]));
  const foreign = patch.find(
    (operation) => !adds(operation, lists) && !(operation.op === 'replace' && extended.includes(operation.path)),
  );
  if (foreign !== undefined) return `the patch does more than add: ${foreign.op} ${foreign.path}`;
  let after: unknown;
  try {
    after = jsonPatch.applyPatch<unknown>(copyOf(pod, lists), patch.map(detached), true, true).newDocument;
  } catch (error) {
    return `the patch does not apply: ${error instanceof Error ? error.name : 'error'}`;
  }
  if (!isPod(after)) return 'the result of the patch is not a pod';
  return lostPart(pod, after, addition);
}

/**
 * Whether an operation adds at a place that {@link copyOf} copies. A change at a deeper place would change the pod
 * together with its copy.
 */
function adds({ op, path }: PatchOperation, lists: readonly string[]): boolean {
  const [empty, parent = '', field = '', ...rest] = path.split('/');
  if (op !== 'add' || empty !== '') return false;
  if (parent === 'metadata') return field === '' || (field === 'annotations' && rest.length <= 1);
  return parent === 'spec' && lists.includes(field) && rest.length <= 1;
}

/** Copies an operation's value, so that later operations can add to it without changing the addition. */
function detached(operation: PatchOperation): Operation {
  if (!('value' in operation)) return operation;
  const { value } = operation;
  if (Array.isArray(value)) return { ...operation, value: [...(value as readonly unknown[])] };
  return typeof value === 'object' && operation.path.startsWith('/metadata')
    ? { ...operation, value: structuredClone(value) }
    : operation;
}

/** Copies the objects to which a patch adds. Everything deeper is shared with the pod, so that it stays identical. */
function copyOf(pod: PodTemplate, lists: readonly string[]): PodTemplate {
  const { metadata, spec } = pod;
  const copiedLists = Object.entries(spec ?? {}).filter(([key, value]) => lists.includes(key) && Array.isArray(value));
  const copied = Object.fromEntries(copiedLists.map(([key, value]) => [key, [...(value as readonly unknown[])]]));
  const annotations = metadata?.annotations == null ? {} : { annotations: { ...metadata.annotations } };
  return {
    ...pod,
    ...(metadata == null ? {} : { metadata: { ...metadata, ...annotations } }),
    ...(spec == null ? {} : { spec: { ...spec, ...copied } }),
  };
}
