import type { PodTemplate } from '../../kubernetes/api/types.ts';
import { isObject } from './review.ts';

/** Lists of a pod's spec whose items have names. */
const namedLists = ['containers', 'initContainers', 'ephemeralContainers', 'volumes', 'imagePullSecrets'] as const;

/**
 * Whether a value has the type of a pod, in the fields that are read. The API server sends only valid pods, but other
 * clients must not be able to crash the server.
 */
export function isPod(value: unknown): value is PodTemplate {
  if (!isObject(value) || !isObject(value['spec'])) return false;
  const { metadata, spec } = value;
  return isMetadata(metadata) && namedLists.every((list) => isNamedList(spec[list]));
}

function isMetadata(metadata: unknown): boolean {
  if (metadata == null) return true;
  if (!isObject(metadata)) return false;
  const { annotations, labels } = metadata;
  return isTextMap(annotations) && isTextMap(labels);
}

function isTextMap(value: unknown): boolean {
  if (value == null) return true;
  if (!isObject(value)) return false;
  for (const key in value) if (typeof value[key] !== 'string') return false;
  return true;
}

function isNamedList(value: unknown): boolean {
  if (value == null) return true;
  if (!Array.isArray(value)) return false;
  for (const item of value as readonly unknown[]) {
    if (!isObject(item)) return false;
    const { name } = item;
    if (name !== undefined && typeof name !== 'string') return false;
  }
  return true;
}
