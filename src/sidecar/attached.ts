import type { Container, ContainerStatus, Pod } from '../kubernetes/api/types.ts';
import { agentVariables, isDestination, volumeBytes, type SettingName, type SettingValues } from '../settings/index.ts';
import { maxVolumeBytes, type AgentSidecarConfig } from './config.ts';
import { agentProgram, containerName, mountPaths } from './partNames.ts';
import { podVariables, settingVariables } from './parts.ts';
import { platformVariables } from './platformVariables.ts';
import { securityContext, type InheritedSecurity } from './securityContext.ts';
import type { SecurityProfile } from './sidecar.ts';

/** What the container of an attached agent is made from. */
export interface AttachedOptions extends InheritedSecurity {
  /** `packet-capture`, or its successors, see {@link nextAttachedName}. */
  readonly name: string;
  readonly config: AgentSidecarConfig;
  readonly profile: SecurityProfile;
  /** A duration: the agent ends by itself after it, unless somebody moves its end. */
  readonly ttl: string;
}

/**
 * The defaults of an attached agent: it waits until somebody tells it what to capture, and its files lie in the
 * container's writable layer, which is the node's disk, so there are few.
 */
export const attachedSettings: SettingValues = { state: 'idle', 'file-size': '16Mi', 'file-count': '4' };

/** The settings that need a volume or a container that only the sidecar has; the agent refuses them. */
export const notWhenAttached: readonly SettingName[] = ['upload', 'mirror'];

/** Inside the container's writable layer: an ephemeral container can have no volume of its own. */
const attachedSettingsFolder = `${mountPaths.files}/.settings`;

/**
 * The agent as an ephemeral container of a pod that runs. It is the container of the sidecar, as far as an ephemeral
 * container may be: no resources, ports, restarts and volumes of its own (allowedEphemeralContainerFields in
 * pkg/apis/core/validation of kubernetes/kubernetes). Without a volume its files need a root file system that can be
 * written; that is the one field of the security context that differs.
 */
export function makeAttached({ name, config, profile, ttl, ...inherited }: AttachedOptions): Container {
  const { agent } = config;
  const settings = { ...attachedSettings, ...withoutDestinations(config.settings), state: 'idle' };
  const mebibytes = Math.ceil(volumeBytes(settings, maxVolumeBytes(agent)) / 1024 ** 2);
  return {
    name,
    image: agent.image,
    imagePullPolicy: agent.imagePullPolicy,
    command: [agentProgram, 'run', attachedFlag],
    args: ['--ttl', ttl],
    env: [
      ...podVariables,
      { name: agentVariables.files, value: mountPaths.files },
      { name: agentVariables.settings, value: attachedSettingsFolder },
      { name: agentVariables.sizeLimit, value: `${mebibytes}Mi` },
      ...platformVariables(agent),
      ...settingVariables(settings),
    ],
    securityContext: {
      ...securityContext(profile === 'privileged' ? 'NET_RAW' : undefined, agent, inherited),
      readOnlyRootFilesystem: false,
    },
  };
}

/** Nothing leaves the pod by itself: an upload also needs a volume with its Secret. */
function withoutDestinations(settings: SettingValues): SettingValues {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !isDestination(name)));
}

const attachedFlag = '--attached';

/** What of a pod shows its containers. */
export interface SeenPod {
  readonly spec?: Pod['spec'] | undefined;
  readonly status?: Pod['status'] | undefined;
}

/** An ephemeral container of ours. */
export interface AttachedContainer {
  readonly name: string;
  readonly container: Container;
  /** `starting`: the kubelet has not started it yet, and may not be able to. */
  readonly state: 'starting' | 'running' | 'ended';
  /** Undefined until the kubelet has seen it. */
  readonly status: ContainerStatus | undefined;
}

/**
 * The agents that were attached to a pod, the oldest first. An ephemeral container stays in the pod's spec when it has
 * ended, and cannot be started again: the next one has another name. Pure.
 */
export function attachedContainers({ spec, status }: SeenPod): readonly AttachedContainer[] {
  return ephemeralContainers(spec)
    .filter(isOurs)
    .map((container) => {
      const own = status?.ephemeralContainerStatuses?.find(({ name }) => name === container.name);
      return { name: container.name, container, state: stateOf(own), status: own };
    });
}

/** The first name that no container of the pod has: `packet-capture`, `packet-capture-2`, `packet-capture-3`. Pure. */
export function nextAttachedName({ spec }: SeenPod): string {
  const lists = [spec?.containers ?? [], spec?.initContainers ?? [], ephemeralContainers(spec)];
  const taken = new Set(lists.flat().map(({ name }) => name));
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? containerName : `${containerName}-${number}`;
    if (!taken.has(name)) return name;
  }
}

function ephemeralContainers(spec: SeenPod['spec']): readonly Container[] {
  return (spec?.['ephemeralContainers'] ?? []) as readonly Container[];
}

const names = new RegExp(`^${containerName}(-[0-9]+)?$`);

/** By its name and its command, so that a debugging container that somebody has called like ours is left alone. */
function isOurs({ name, command }: Container): boolean {
  return names.test(name) && Array.isArray(command) && command.includes(attachedFlag);
}

function stateOf(status: ContainerStatus | undefined): AttachedContainer['state'] {
  if (status?.state?.running !== undefined) return 'running';
  return status?.state?.terminated === undefined ? 'starting' : 'ended';
}
