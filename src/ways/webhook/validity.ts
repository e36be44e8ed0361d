import type { Addition } from '../../inject/index.ts';
import type { Container, PodTemplate } from '../../kubernetes/api/types.ts';
import { isLabelName } from '../../objectNames.ts';
import { isObject } from './review.ts';

/** The most bytes of all keys and values (apimachinery/pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB). */
const maxAnnotationBytes = 256 * 1024;

type Named = { readonly name?: string };

/** Returns why the API server would refuse a pod with an addition; undefined when it would accept it. */
export type ValidityCheck = (pod: PodTemplate) => string | undefined;

/**
 * Makes the check of an addition. The addition itself is checked once; for each pod, only what depends on the pod.
 * @see pkg/apis/core/validation/validation.go in kubernetes/kubernetes
 */
export function makeValidityCheck(addition: Addition): ValidityCheck {
  const containers = [...addition.containers, ...addition.initContainers];
  const flaw = flawOf(addition, containers);
  const mounted = containers.flatMap(({ volumeMounts }) => listOf(volumeMounts).map(({ name }) => name));
  // Mounted but not added, so the pod must have it.
  const borrowed = [...new Set(mounted)].filter((name) => !addition.volumes.some((volume) => volume.name === name));
  const addedBytes = annotationBytes(addition.annotations) + annotationBytes(addition.inFront ?? {});
  return ({ metadata, spec }) => {
    const {
      containers: apps,
      initContainers,
      volumes,
      ephemeralContainers,
    } = (spec ?? {}) as Readonly<Record<string, readonly Named[] | null | undefined>>;
    if (hasDuplicates(apps, initContainers, ephemeralContainers, containers))
      return 'two containers have the same name';
    if (hasDuplicates(volumes, addition.volumes)) return 'two volumes have the same name';
    if (flaw !== undefined) return flaw;
    if (!borrowed.every((name) => volumes?.some((volume) => volume.name === name) === true))
      return 'a volume that is mounted is missing';
    return exceeds(metadata?.annotations ?? {}, maxAnnotationBytes - addedBytes)
      ? 'the annotations are too large'
      : undefined;
  };
}

/**
 * Whether a pod's annotations are larger than the API server accepts. Reading stops at the limit: a request can contain
 * hundreds of thousands, and all other requests wait.
 */
export function hasTooLargeAnnotations(pod: unknown): boolean {
  const annotations = isObject(pod) && isObject(pod['metadata']) ? pod['metadata']['annotations'] : undefined;
  if (!isObject(annotations)) return false;
  let characters = 0;
  for (const key in annotations) {
    const value = annotations[key];
    characters += key.length + (typeof value === 'string' ? value.length : 0);
    // A character takes at least one byte.
    if (characters > maxAnnotationBytes) return true;
  }
  return false;
}

/** What is wrong with an addition for every pod. */
function flawOf({ volumes }: Addition, containers: readonly Container[]): string | undefined {
  if (![...containers, ...volumes].every(({ name }) => isLabelName(name))) return 'a name is not valid in Kubernetes';
  return containers.map(flawOfContainer).find((text) => text !== undefined);
}

function flawOfContainer({ image, volumeMounts }: Container): string | undefined {
  if (typeof image !== 'string' || image === '' || image.trim() !== image) return 'a container has no image';
  if (volumeMounts != null && !Array.isArray(volumeMounts)) return 'the mounts of a container are not a list';
  const mounts = listOf(volumeMounts).map(({ mountPath }) => ({ name: mountPath }));
  return hasDuplicates(mounts) ? 'two volumes are mounted at the same path' : undefined;
}

function listOf<T>(value: readonly T[] | undefined): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [];
}

/** Whether two items of these lists have the same name. */
function hasDuplicates(...lists: readonly (readonly Named[] | null | undefined)[]): boolean {
  const names: (string | undefined)[] = [];
  for (const list of lists) {
    if (list == null) continue;
    for (const { name } of list) names.push(name);
  }
  // Most pods have few items: comparing them is faster than making a set.
  if (names.length > 16) return new Set(names).size < names.length;
  for (let index = 1; index < names.length; index += 1) if (names.indexOf(names[index]) < index) return true;
  return false;
}

function annotationBytes(annotations: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  return bytes;
}

/** Whether annotations are larger. A character has at most three bytes, so bytes are seldom counted. */
function exceeds(annotations: Readonly<Record<string, string>>, bytes: number): boolean {
  let characters = 0;
  for (const key in annotations) characters += key.length + (annotations[key] ?? '').length;
  return 3 * characters > bytes && annotationBytes(annotations) > bytes;
}
