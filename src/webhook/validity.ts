import type { Addition } from '../inject/index.ts';
import type { Container, PodTemplate } from '../sidecar/index.ts';

/** All keys and values together (apimachinery/pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB). */
const maxAnnotationBytes = 256 * 1024;

/** RFC 1123 label. */
const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

type Named = { readonly name?: string };

/**
 * What the API server would refuse of a patched pod, as far as the addition can be the cause of it.
 * @see pkg/apis/core/validation/validation.go in kubernetes/kubernetes
 */
export function invalidity({ metadata, spec }: PodTemplate, addition: Addition): string | undefined {
  const { containers, initContainers, volumes, ephemeralContainers } = (spec ?? {}) as Readonly<Record<string, readonly Named[] | null | undefined>>;
  if (hasTwins([...(containers ?? []), ...(initContainers ?? []), ...(ephemeralContainers ?? [])])) return 'two containers have one name';
  if (hasTwins(volumes ?? [])) return 'two volumes have one name';
  const added = [...addition.containers, ...addition.initContainers];
  if (![...added, ...addition.volumes].every(({ name }) => label.test(name))) return 'a name is none that Kubernetes takes';
  const volumeNames = new Set((volumes ?? []).map(({ name }) => name));
  const problem = added.map((container) => containerProblem(container, volumeNames)).find((text) => text !== undefined);
  return problem ?? (annotationBytes(metadata?.annotations ?? {}) > maxAnnotationBytes ? 'the annotations are too large' : undefined);
}

function containerProblem({ image, volumeMounts }: Container, volumes: ReadonlySet<string | undefined>): string | undefined {
  if (typeof image !== 'string' || image === '' || image.trim() !== image) return 'a container has no image';
  const mounts = volumeMounts ?? [];
  if (mounts.some(({ name }) => !volumes.has(name))) return 'a volume that is mounted is missing';
  return hasTwins(mounts.map(({ mountPath }) => ({ name: mountPath }))) ? 'two volumes are mounted in one place' : undefined;
}

function annotationBytes(annotations: Readonly<Record<string, string>>): number {
  return Object.entries(annotations).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
}

function hasTwins(items: readonly Named[]): boolean {
  return new Set(items.map(({ name }) => name)).size < items.length;
}
