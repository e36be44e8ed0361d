import { localVolumes } from '../sidecar/index.ts';

/**
 * Names the volumes of a pod that the Cluster Autoscaler may lose with a node. A pod with any other local volume keeps
 * its node from being removed (kubernetes/autoscaler, cluster-autoscaler/utils/drain: HasBlockingLocalStorage), and the
 * sidecar's are local. With these named, the sidecar does not change whether a pod can be moved.
 */
export const localVolumesAnnotation = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';

/** The names of the sidecar's local volumes. The autoscaler splits at commas and does not trim spaces. */
export const ourLocalVolumes = localVolumes.join(',');

/** The annotation of a pod, as text. A null in a manifest counts as empty, as in the API server. */
export function listedVolumes(annotations: Readonly<Record<string, unknown>>): string | undefined {
  if (!(localVolumesAnnotation in annotations)) return undefined;
  const value = annotations[localVolumesAnnotation];
  if (value == null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The text to insert in front of the annotation's value. */
export function inFrontOf(present: string): string {
  return present === '' ? ourLocalVolumes : `${ourLocalVolumes},`;
}

/**
 * The annotation's value without the names of the sidecar's volumes.
 * @returns undefined when the value does not begin with these names
 */
export function withoutOurs(value: string): string | undefined {
  if (value === ourLocalVolumes) return '';
  return value.startsWith(`${ourLocalVolumes},`) ? value.slice(ourLocalVolumes.length + 1) : undefined;
}
