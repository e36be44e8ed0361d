import type { Addition } from '../../inject/index.ts';
import type { Container, PodTemplate } from '../../kubernetes/api/types.ts';
import { isLabelName } from '../../objectNames.ts';
import { isObject } from './review.ts';

/** All keys and values together (apimachinery/pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB). */
const maxAnnotationBytes = 256 * 1024;

type Named = { readonly name?: string };

/** Why the API server would refuse a pod because of an addition; undefined if it would not. */
export type ValidityCheck = (pod: PodTemplate) => string | undefined;

/**
 * Looks at the addition once, and at what of each pod has to do with it.
 * @see pkg/apis/core/validation/validation.go in kubernetes/kubernetes
 */
export function makeValidityCheck(addition: Addition): ValidityCheck {
  const containers = [...addition.containers, ...addition.initContainers];
  const flaw = flawOf(addition, containers);
  const mounted = containers.flatMap(({ volumeMounts }) => listOf(volumeMounts).map(({ name }) => name));
  // Mounted, and not among what is added: the pod has to have it.
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
 * Annotations that the API server takes of no pod, told without a look at each: there can be hundreds of thousands in a
 * request, and every other pod waits.
 */
export function hasTooLargeAnnotations(pod: unknown): boolean {
  const annotations = isObject(pod) && isObject(pod['metadata']) ? pod['metadata']['annotations'] : undefined;
  if (!isObject(annotations)) return false;
  let characters = 0;
  for (const key in annotations) {
    const value = annotations[key];
    characters += key.length + (typeof value === 'string' ? value.length : 0);
    // No character is shorter than a byte.
    if (characters > maxAnnotationBytes) return true;
  }
  return false;
}

/** What is wrong with an addition whatever the pod. */
function flawOf({ volumes }: Addition, containers: readonly Container[]): string | undefined {
  if (![...containers, ...volumes].every(({ name }) => isLabelName(name))) return 'a name is not valid in Kubernetes';
  return containers.map(flawOfContainer).find((text) => text !== undefined);
}

function flawOfContainer({ image, volumeMounts }: Container): string | undefined {
  if (typeof image !== 'string' || image === '' || image.trim() !== image) return 'a container has no image';
  if (volumeMounts != null && !Array.isArray(volumeMounts)) return 'its mounts are not a list';
  const mounts = listOf(volumeMounts).map(({ mountPath }) => ({ name: mountPath }));
  return hasDuplicates(mounts) ? 'two volumes are mounted at the same path' : undefined;
}

function listOf<T>(value: readonly T[] | undefined): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [];
}

/** Whether two items of these lists have one name. */
function hasDuplicates(...lists: readonly (readonly Named[] | null | undefined)[]): boolean {
  const names: (string | undefined)[] = [];
  for (const list of lists) {
    if (list == null) continue;
    for (const { name } of list) names.push(name);
  }
  // Most pods have a few: to compare those is quicker than to make a set of them.
  if (names.length > 16) return new Set(names).size < names.length;
  for (let index = 1; index < names.length; index += 1) if (names.indexOf(names[index]) < index) return true;
  return false;
}

function annotationBytes(annotations: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  return bytes;
}

/** Bytes are counted only where characters, of three bytes at most, leave a doubt. */
function exceeds(annotations: Readonly<Record<string, string>>, bytes: number): boolean {
  let characters = 0;
  for (const key in annotations) characters += key.length + (annotations[key] ?? '').length;
  return 3 * characters > bytes && annotationBytes(annotations) > bytes;
}
