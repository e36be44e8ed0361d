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

/** What a pod as a whole can have, beside huge pages, and its containers together more than it. */
export const sharedResources = ['cpu', 'memory'] as const;
export type SharedResource = (typeof sharedResources)[number];

/**
 * The resources that a pod with resources as a whole leaves to the limits of its containers: since Kubernetes 1.37 it
 * gets the sum of theirs, if all of them have one, when it is stored, which is after admission.
 * @see DefaultPodLevelResources in pkg/api/pod/util.go of kubernetes/kubernetes, feature gate
 * PodLevelResourcesFixDefaulting
 */
export function summedLimits(spec: PodSpec): readonly SharedResource[] {
  return hasPodResources(spec) ? sharedResources.filter((name) => isLimitedByContainersAlone(spec, name)) : none;
}

const none: readonly SharedResource[] = [];

/**
 * True if a pod as a whole asks for huge pages and leaves the limit to its containers. It is refused when a container
 * has none: these must be limited to what is asked for.
 */
export function leavesHugePages({ resources }: PodSpec): boolean {
  return Object.keys(resources?.requests ?? {}).some(
    (name) => name.startsWith('hugepages-') && resources?.limits?.[name] === undefined,
  );
}

/** True if the pod would not be as it is without the sidecar when that has no limits: by its own limits, or at all. */
export function needsLimits(spec: PodSpec): boolean {
  return summedLimits(spec).length > 0 || leavesHugePages(spec);
}

function isLimitedByContainersAlone({ resources, containers, initContainers }: PodSpec, name: SharedResource): boolean {
  if (resources?.limits?.[name] !== undefined) return false;
  return [...(containers ?? []), ...(initContainers ?? [])].every(
    (container) => container.resources?.limits?.[name] !== undefined,
  );
}

/** What the containers of a pod, init containers too, say of ephemeral storage: see PodOfResources. */
export function storageOf({ containers, initContainers }: PodSpec): 'limited' | 'requested' | undefined {
  const all = [...(containers ?? []), ...(initContainers ?? [])];
  const says = (kind: 'limits' | 'requests'): boolean =>
    all.some(({ resources }) => resources?.[kind]?.[storageName] !== undefined);
  return says('limits') ? 'limited' : says('requests') ? 'requested' : undefined;
}
