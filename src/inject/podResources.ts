import type { PodSpec, ResourceRequirements } from '../kubernetes/api/types.ts';
import { storageName } from '../sidecar/index.ts';

/** True if the pod has pod-level requests or limits (KEP-2837), which its containers share. */
export function hasPodResources({ resources }: PodSpec): boolean {
  return asksForResources(resources);
}

/** True if the requests or limits contain any amount. */
export function asksForResources(resources: ResourceRequirements | null | undefined): boolean {
  if (resources == null) return false;
  return [resources.requests, resources.limits].some((amounts) => Object.keys(amounts ?? {}).length > 0);
}

/** The resources besides huge pages that a pod can have as a whole. */
export const sharedResources = ['cpu', 'memory'] as const;
/** A resource that the containers of a pod can share. */
export type SharedResource = (typeof sharedResources)[number];

/**
 * The resources for which a pod with pod-level resources has no limit of its own. Since Kubernetes 1.37 its limit
 * becomes the sum of its containers' limits, if all of them have one, when it is stored, which is after admission.
 * @see DefaultPodLevelResources in pkg/api/pod/util.go of kubernetes/kubernetes, feature gate
 * PodLevelResourcesFixDefaulting
 */
export function summedLimits(spec: PodSpec): readonly SharedResource[] {
  return hasPodResources(spec) ? sharedResources.filter((name) => isLimitedByContainersAlone(spec, name)) : none;
}

const none: readonly SharedResource[] = [];

/**
 * True if a pod requests huge pages as a whole and has no limit of its own. Then it is refused if a container has no
 * limit, because the limit of huge pages must equal the request.
 */
export function leavesHugePages({ resources }: PodSpec): boolean {
  return Object.keys(resources?.requests ?? {}).some(
    (name) => name.startsWith('hugepages-') && resources?.limits?.[name] === undefined,
  );
}

/** True if a sidecar without limits would change the pod-level limits, or would have the pod refused. */
export function needsLimits(spec: PodSpec): boolean {
  return summedLimits(spec).length > 0 || leavesHugePages(spec);
}

function isLimitedByContainersAlone({ resources, containers, initContainers }: PodSpec, name: SharedResource): boolean {
  if (resources?.limits?.[name] !== undefined) return false;
  return [...(containers ?? []), ...(initContainers ?? [])].every(
    (container) => container.resources?.limits?.[name] !== undefined,
  );
}

/** Whether containers or init containers of a pod limit or request ephemeral storage: see PodOfResources. */
export function storageOf({ containers, initContainers }: PodSpec): 'limited' | 'requested' | undefined {
  const all = [...(containers ?? []), ...(initContainers ?? [])];
  const says = (kind: 'limits' | 'requests'): boolean =>
    all.some(({ resources }) => resources?.[kind]?.[storageName] !== undefined);
  return says('limits') ? 'limited' : says('requests') ? 'requested' : undefined;
}
