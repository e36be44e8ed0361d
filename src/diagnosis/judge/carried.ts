import { planRemoval } from '../../inject/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import { statusAnnotation } from '../../settings/index.ts';
import { containerName, parseStatus, type SidecarConfig } from '../../sidecar/index.ts';

/** The sidecar in a pod, as far as it is our own agent. */
export interface Carried {
  /** Of what injected it; undefined when its status says none. */
  readonly version: string | undefined;
  readonly image: string | undefined;
  /** False: another webhook or an old client took `restartPolicy: Always` away, and the app waits for ever. */
  readonly native: boolean;
}

/** Whether a pod carries the sidecar, however it came there. */
export function carriesSidecar(pod: PodTemplate, config: SidecarConfig): boolean {
  return carriedAgent(pod) !== undefined || (config.form === 'own' && planRemoval(pod, config).remove);
}

/** What a pod carries; undefined when there is no agent, or a container of its name that is not ours. */
export function carriedAgent({ metadata, spec }: PodTemplate): Carried | undefined {
  const text = metadata?.annotations?.[statusAnnotation] ?? undefined;
  const container = spec?.initContainers?.find(({ name }) => name === containerName);
  if (text === undefined || container === undefined) return undefined;
  return { version: parseStatus(text)?.version, image: container.image, native: container.restartPolicy === 'Always' };
}

/** Whether a pod has containers of all these names. */
export function carriesNames({ spec }: PodTemplate, names: readonly string[]): boolean {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return names.length > 0 && names.every((wanted) => containers.some(({ name }) => name === wanted));
}
