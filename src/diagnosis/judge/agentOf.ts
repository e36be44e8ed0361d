import { planRemoval } from '../../inject/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import { statusAnnotation } from '../../settings/index.ts';
import { containerName, parseStatus, type SidecarConfig } from '../../sidecar/index.ts';

/** The sidecar of a pod, if it is our agent. */
export interface PresentAgent {
  /** The version that injected it; undefined when its status has none. */
  readonly version: string | undefined;
  readonly image: string | undefined;
  /** False: another webhook or an old client removed `restartPolicy: Always`, so the app never starts. */
  readonly native: boolean;
}

/** Whether a pod has the sidecar, by any of the ways. */
export function hasSidecar(pod: PodTemplate, config: SidecarConfig): boolean {
  return agentOf(pod) !== undefined || (config.form === 'custom' && planRemoval(pod, config).remove);
}

/** The agent in a pod; undefined when it has none, or when the container of that name is not ours. */
export function agentOf({ metadata, spec }: PodTemplate): PresentAgent | undefined {
  const text = metadata?.annotations?.[statusAnnotation] ?? undefined;
  const container = spec?.initContainers?.find(({ name }) => name === containerName);
  if (text === undefined || container === undefined) return undefined;
  return { version: parseStatus(text)?.version, image: container.image, native: container.restartPolicy === 'Always' };
}

/** Whether a pod has containers of all these names. */
export function hasContainers({ spec }: PodTemplate, names: readonly string[]): boolean {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return names.length > 0 && names.every((wanted) => containers.some(({ name }) => name === wanted));
}
