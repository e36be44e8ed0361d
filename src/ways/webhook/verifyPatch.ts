import jsonPatch, { type Operation } from 'fast-json-patch';
import { jsonPointer, type Addition } from '../../inject/index.ts';
import type { PatchOperation, PodTemplate } from '../../kubernetes/api/types.ts';
import { listsOf, lostPart } from './lostPart.ts';
import { isPod } from './pod.ts';

/**
 * Why a patch might do harm to a pod, or undefined when it surely adds what it is meant to add, and nothing else.
 *
 * A patch that does not apply fails the pod even under `failurePolicy: Ignore`
 * (apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go), so it is applied here first, and what comes out is
 * held against the pod: all that was there is there, unchanged and in order, and what was to be added stands beside it.
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
  if (foreign !== undefined) return `it does more than add: ${foreign.op} ${foreign.path}`;
  let after: unknown;
  try {
    after = jsonPatch.applyPatch<unknown>(copyOf(pod, lists), patch.map(detached), true, true).newDocument;
  } catch (error) {
    return `it does not apply: ${error instanceof Error ? error.name : 'error'}`;
  }
  if (!isPod(after)) return 'its result is not a pod';
  return lostPart(pod, after, addition);
}

/** Just the places that {@link copyOf} copies: whatever reaches deeper would change the pod together with its copy. */
function adds({ op, path }: PatchOperation, lists: readonly string[]): boolean {
  const [empty, parent = '', field = '', ...rest] = path.split('/');
  if (op !== 'add' || empty !== '') return false;
  if (parent === 'metadata') return field === '' || (field === 'annotations' && rest.length <= 1);
  return parent === 'spec' && lists.includes(field) && rest.length <= 1;
}

/** An operation whose value later ones can add to without adding to the addition that it is held against. */
function detached(operation: PatchOperation): Operation {
  if (!('value' in operation)) return operation;
  const { value } = operation;
  if (Array.isArray(value)) return { ...operation, value: [...(value as readonly unknown[])] };
  return typeof value === 'object' && operation.path.startsWith('/metadata')
    ? { ...operation, value: structuredClone(value) }
    : operation;
}

/** New objects where the patch adds. Everything below is shared with the pod, so that the same is the very same. */
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
