import type { Container, LocalObjectReference, Volume } from '../kubernetes/api/types.ts';
import { settingAnnotation, statusAnnotation, volumeSettings, type SettingValues } from '../settings/index.ts';
import {
  formatStatus,
  makeSidecar,
  type AgentSidecarConfig,
  type CustomSidecarConfig,
  type SidecarOptions,
} from '../sidecar/index.ts';
import { inFrontOf, localVolumesAnnotation, ourLocalVolumes } from './evictable.ts';

/** What is added to a pod template, in the same form for every way. */
export interface Addition {
  /** New keys only: no existing annotation is ever overwritten. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Texts to insert in front of the values of existing annotations. */
  readonly inFront?: Readonly<Record<string, string>>;
  /** Inserted before the existing init containers, so that the sidecar sees their traffic too. */
  readonly initContainers: readonly Container[];
  /** Appended to the existing containers. */
  readonly containers: readonly Container[];
  /** Appended to the existing volumes. */
  readonly volumes: readonly Volume[];
  /** Appended to the existing pull secrets. */
  readonly imagePullSecrets: readonly LocalObjectReference[];
}

/** What determines the addition of the agent, in addition to the configuration. */
export interface AgentAdditionOptions {
  /** Annotations to write in addition to the status. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The pod's annotation about its local volumes, if present. */
  readonly localVolumes: string | undefined;
  readonly sidecar: Pick<
    SidecarOptions,
    | 'profile'
    | 'guaranteed'
    | 'podResources'
    | 'summedLimits'
    | 'amounts'
    | 'storage'
    | 'asRoot'
    | 'localAppArmor'
    | 'metricsPortTaken'
    | 'mirror'
    | 'podSettings'
  >;
  readonly imagePullSecrets: readonly LocalObjectReference[];
}

/**
 * The addition of the agent's sidecar. Most pods of a cluster get the same one, so it is made once and then returned
 * again as the same object. Callers use the object's identity to cache what they derive from it.
 */
export function agentAddition(config: AgentSidecarConfig, options: AgentAdditionOptions): Addition {
  const key = keyOf(options);
  if (key === undefined) return makeAgentAddition(config, options);
  let made = agentAdditions.get(config);
  if (made === undefined) {
    made = new Map();
    agentAdditions.set(config, made);
  }
  const present = made.get(key);
  if (present !== undefined) return present;
  // Users choose the sizes, so the cache must be bounded.
  if (made.size >= maxAdditions) made.clear();
  const addition = makeAgentAddition(config, options);
  made.set(key, addition);
  return addition;
}

const agentAdditions = new WeakMap<AgentSidecarConfig, Map<string, Addition>>();
const maxAdditions = 256;

/** The settings that determine the size of the sidecar's volume. Only these change the sidecar itself. */
export function sizeSettings(annotations: Readonly<Record<string, string>>): SettingValues {
  const given = sizeKeys.filter(([key]) => annotations[key] !== undefined);
  return given.length === 0 ? none : Object.fromEntries(given.map(([key, name]) => [name, annotations[key]]));
}

const sizeKeys = volumeSettings.map((name) => [settingAnnotation(name), name] as const);
const none: SettingValues = {};

/**
 * The key of an addition in the cache: equal options have equal keys, and a new option becomes part of it by itself.
 * Undefined for an addition that is not cached.
 */
function keyOf({ annotations, localVolumes, sidecar, imagePullSecrets }: AgentAdditionOptions): string | undefined {
  if (Object.keys(annotations).length > 0) return undefined;
  const inFront = localVolumes === undefined ? undefined : inFrontOf(localVolumes);
  const key = JSON.stringify([inFront, sidecar, imagePullSecrets]);
  return key.length <= maxKey ? key : undefined;
}

/** The longest key: names of resources and pull secrets, which users choose, could fill the memory otherwise. */
const maxKey = 1024;

function makeAgentAddition(
  config: AgentSidecarConfig,
  { annotations: given, localVolumes, sidecar, imagePullSecrets }: AgentAdditionOptions,
): Addition {
  const { container, mirror, volumes } = makeSidecar({ config, ...sidecar });
  const initContainers = mirror === undefined ? [container] : [container, mirror];
  const inFront = localVolumes === undefined ? {} : { [localVolumesAnnotation]: inFrontOf(localVolumes) };
  const listed = localVolumes === undefined ? { [localVolumesAnnotation]: ourLocalVolumes } : {};
  const [keys, extended] = [[...Object.keys(given), ...Object.keys(listed)], Object.keys(inFront)];
  const status = formatStatus({
    containers: initContainers.map(({ name }) => name),
    volumes: volumes.map(({ name }) => name),
    ...(keys.length === 0 ? {} : { annotations: keys }),
    ...(extended.length === 0 ? {} : { extended }),
  });
  const added = { ...given, [statusAnnotation]: status, ...listed };
  return {
    annotations: added,
    ...(extended.length === 0 ? {} : { inFront }),
    initContainers,
    containers: [],
    volumes,
    imagePullSecrets,
  };
}

/** The addition of a custom sidecar, which is the same for every pod. */
export function customAddition(config: CustomSidecarConfig): Addition {
  const present = customAdditions.get(config);
  if (present !== undefined) return present;
  const { containers, initContainers, volumes } = config;
  const addition = { annotations: {}, containers, initContainers, volumes, imagePullSecrets: [] };
  customAdditions.set(config, addition);
  return addition;
}

const customAdditions = new WeakMap<CustomSidecarConfig, Addition>();
