import type { Container, PodSpec } from '../kubernetes/api/types.ts';
import { sameQuantity } from '../quantity.ts';

/**
 * True if the pod's QoS class is Guaranteed: every container, init containers too, limits cpu and memory, and requests
 * either the same or nothing (which then defaults to the limit).
 * @see pkg/apis/core/v1/helper/qos/qos.go in kubernetes/kubernetes
 */
export function isGuaranteed(spec: PodSpec): boolean {
  const containers = spec.containers ?? [];
  const initContainers = spec.initContainers ?? [];
  return (
    containers.length + initContainers.length > 0 &&
    containers.every(limitsEqualRequests) &&
    initContainers.every(limitsEqualRequests)
  );
}

const guaranteedResources = ['cpu', 'memory'] as const;

function limitsEqualRequests({ resources }: Container): boolean {
  return guaranteedResources.every((resource) => {
    const limit = resources?.limits?.[resource];
    const request = resources?.requests?.[resource];
    return limit !== undefined && (request === undefined || sameQuantity(request, limit));
  });
}
