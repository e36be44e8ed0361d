import type { ContainerStatus, Container, Pod } from '../kubernetes/api/types.ts';
import {
  parseQuantity,
  platformOf,
  settingEnvironment,
  settings,
  type Platform,
  type SettingValues,
} from '../settings/index.ts';
import { containerName, mirrorName } from '../sidecar/index.ts';

/** The container in which the agent runs. */
export interface Carrier {
  readonly container: string;
  readonly running: boolean;
  /** Settings in its environment: the defaults for settings without an annotation. */
  readonly defaults: SettingValues;
  /** The limits that its release sets for annotations. */
  readonly platform: Platform;
  /** The size of its volume in bytes; undefined when it is not known. */
  readonly volumeBytes: number | undefined;
  /** Whether the pod has the container that mirrors. */
  readonly mirrors: boolean;
}

/** See environment() of src/sidecar/sidecar.ts. */
const sizeLimitVariable = 'PACKET_CAPTURE_SIZE_LIMIT';

type NamedContainer = Pick<Container, 'name'> & { readonly env?: unknown };

/**
 * The agent's container in a pod, or undefined: the sidecar, otherwise the last ephemeral container of its name. An
 * ephemeral container stays in the pod when it has ended, so a second one is called
 * `packet-capture-SUFFIX`.
 */
export function carrierOf({ spec, status }: Pod): Carrier | undefined {
  const sidecar = spec?.initContainers?.find(({ name }) => name === containerName);
  if (sidecar !== undefined)
    return {
      ...carrier(sidecar, status?.initContainerStatuses),
      mirrors: spec?.initContainers?.some(({ name }) => name === mirrorName) === true,
    };
  const ephemeral = (spec?.['ephemeralContainers'] ?? []) as readonly NamedContainer[];
  const attached = ephemeral.findLast(({ name }) => name === containerName || name.startsWith(`${containerName}-`));
  return attached === undefined
    ? undefined
    : { ...carrier(attached, status?.ephemeralContainerStatuses), mirrors: false };
}

function carrier(
  { name: container, env }: NamedContainer,
  statuses: readonly ContainerStatus[] = [],
): Omit<Carrier, 'mirrors'> {
  const variables = (env ?? []) as readonly { readonly name: string; readonly value?: string }[];
  const valueOf = (variable: string): string => variables.find(({ name }) => name === variable)?.value ?? '';
  const defaults = settings.map(({ name }) => [name, valueOf(settingEnvironment(name))] as const);
  return {
    container,
    running: statuses.some(({ name, state }) => name === container && state?.running !== undefined),
    defaults: Object.fromEntries(defaults.filter(([, value]) => value !== '')),
    platform: platformOf(Object.fromEntries(variables.map(({ name, value = '' }) => [name, value]))),
    volumeBytes: parseQuantity(valueOf(sizeLimitVariable)),
  };
}
