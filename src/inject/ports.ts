import type { PodSpec } from '../kubernetes/api/types.ts';

/**
 * True if a container or init container of the pod declares this TCP port. The containers of a pod share their ports,
 * so the app could not listen on it.
 */
export function declaresPort({ containers, initContainers }: PodSpec, port: number): boolean {
  return [...(containers ?? []), ...(initContainers ?? [])].some(
    ({ ports }) => Array.isArray(ports) && ports.some((item) => isTcp(item, port)),
  );
}

function isTcp(item: unknown, port: number): boolean {
  if (typeof item !== 'object' || item === null) return false;
  const { containerPort, protocol } = item as Readonly<Record<string, unknown>>;
  // An absent protocol is TCP to the API server, and so is the empty one.
  return containerPort === port && (protocol == null || protocol === '' || protocol === 'TCP');
}
