import type { PodSpec } from '../kubernetes/api/types.ts';

/**
 * True if a container of the pod, init containers too, says that it listens on this TCP port. Containers of a pod share
 * their ports: the app would find its own taken.
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
