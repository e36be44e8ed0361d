import { planRemoval } from '../../inject/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import { statusAnnotation } from '../../settings/index.ts';
import { containerName, parseStatus, type SidecarConfig } from '../../sidecar/index.ts';

/** The sidecar in a pod, as far as it is our own agent. */
export interface PresentAgent {
  /** Of what injected it; undefined when its status says none. */
  readonly version: string | undefined;
  readonly image: string | undefined;
  /** False: another webhook or an old client took `restartPolicy: Always` away, and the app waits for ever. */
  readonly native: boolean;
}

/** Whether a pod carries the sidecar, however it came there. */
export function hasSidecar(pod: PodTemplate, config: SidecarConfig): boolean {
  return agentOf(pod) !== undefined || (config.form === 'custom' && planRemoval(pod, config).remove);
}

/** What a pod carries; undefined when there is no agent, or a container of its name that is not ours. */
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
