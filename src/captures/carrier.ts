import type { ContainerStatus, Container, Pod } from '../kubernetes/api/types.ts';
import {
  agentVariables,
  parseQuantity,
  platformOf,
  settingEnvironment,
  settings,
  type Platform,
  type SettingValues,
} from '../settings/index.ts';
import { attachedContainers, containerName, mirrorName } from '../sidecar/index.ts';

/** The container in which the agent runs. */
export interface Carrier {
  readonly container: string;
  readonly running: boolean;
  /** It was attached to the running pod, see src/sidecar/attached.ts: its settings do not come from annotations. */
  readonly attached: boolean;
  /** Settings in its environment: the defaults for settings without an annotation. */
  readonly defaults: SettingValues;
  /** The limits that its release sets for annotations. */
  readonly platform: Platform;
  /** The size of its volume in bytes; undefined when it is not known. */
  readonly volumeBytes: number | undefined;
  /** Whether the pod has the container that mirrors. */
  readonly mirrors: boolean;
}

type NamedContainer = Pick<Container, 'name'> & { readonly env?: unknown };

/**
 * The agent's container in a pod, or undefined: the sidecar, otherwise the agent that was attached last, unless it has
 * ended. Pure.
 */
export function carrierOf({ spec, status }: Pod): Carrier | undefined {
  const sidecar = spec?.initContainers?.find(({ name }) => name === containerName);
  if (sidecar !== undefined)
    return {
      ...carrier(sidecar, status?.initContainerStatuses),
      attached: false,
      mirrors: spec?.initContainers?.some(({ name }) => name === mirrorName) === true,
    };
  const last = attachedContainers({ spec, status }).at(-1);
  if (last === undefined || last.state === 'ended') return undefined;
  return { ...carrier(last.container, status?.ephemeralContainerStatuses), attached: true, mirrors: false };
}

/** Whether an agent was attached to the pod and has ended: its files went with it. Pure. */
export function hadAgent({ spec, status }: Pod): boolean {
  return attachedContainers({ spec, status }).at(-1)?.state === 'ended';
}

function carrier(
  { name: container, env }: NamedContainer,
  statuses: readonly ContainerStatus[] = [],
): Omit<Carrier, 'mirrors' | 'attached'> {
  const variables = (env ?? []) as readonly { readonly name: string; readonly value?: string }[];
  const valueOf = (variable: string): string => variables.find(({ name }) => name === variable)?.value ?? '';
  const defaults = settings.map(({ name }) => [name, valueOf(settingEnvironment(name))] as const);
  return {
    container,
    running: statuses.some(({ name, state }) => name === container && state?.running !== undefined),
    defaults: Object.fromEntries(defaults.filter(([, value]) => value !== '')),
    platform: platformOf(Object.fromEntries(variables.map(({ name, value = '' }) => [name, value]))),
    volumeBytes: parseQuantity(valueOf(agentVariables.sizeLimit)),
  };
}
