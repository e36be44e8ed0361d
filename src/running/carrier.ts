import { containerName } from '../sidecar/index.ts';
import type { LivePod } from './kubernetes.ts';

/** The container in which the agent runs. */
export interface Carrier {
  readonly container: string;
  readonly running: boolean;
}

/**
 * The agent's container in a pod, or undefined: the sidecar, or else the last ephemeral container of its name. An
 * ephemeral container stays in the pod when it has ended, so that another one beside it is called
 * `packet-capture-SUFFIX`.
 */
export function carrierOf({ spec, status }: LivePod): Carrier | undefined {
  if (spec?.initContainers?.some(({ name }) => name === containerName) === true) {
    return { container: containerName, running: isRunning(status?.initContainerStatuses, containerName) };
  }
  const ephemeral = (spec?.['ephemeralContainers'] ?? []) as readonly { readonly name: string }[];
  const attached = ephemeral.findLast(({ name }) => name === containerName || name.startsWith(`${containerName}-`));
  if (attached === undefined) return undefined;
  return { container: attached.name, running: isRunning(status?.ephemeralContainerStatuses, attached.name) };
}

function isRunning(statuses: NonNullable<LivePod['status']>['initContainerStatuses'] = [], container: string): boolean {
  return statuses.some(({ name, state }) => name === container && state?.running !== undefined);
}
