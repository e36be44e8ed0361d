import type { Container, LocalObjectReference, Volume } from '../kubernetes/api/types.ts';
import { settingAnnotation, statusAnnotation, type SettingValues } from '../settings/index.ts';
import {
  formatStatus,
  makeSidecar,
  type AgentSidecarConfig,
  type CustomSidecarConfig,
  type SidecarAmounts,
  type SidecarOptions,
} from '../sidecar/index.ts';
import { inFrontOf, localVolumesAnnotation, ourLocalVolumes } from './evictable.ts';
import { sharedResources } from './podResources.ts';

/** What is added to a pod template; every way hands just this to Kubernetes. */
export interface Addition {
  /** New keys only: no existing annotation is ever overwritten. */
  readonly annotations: Readonly<Record<string, string>>;
  /** To be put in front of the values of annotations that are there. */
  readonly inFront?: Readonly<Record<string, string>>;
  /** To be put before the existing init containers: the sidecar sees their traffic too. */
  readonly initContainers: readonly Container[];
  /** To be put behind the existing containers. */
  readonly containers: readonly Container[];
  /** To be put behind the existing volumes. */
  readonly volumes: readonly Volume[];
  /** To be put behind the existing ones. */
  readonly imagePullSecrets: readonly LocalObjectReference[];
}

/** What the agent's addition is made of beside the configuration. */
export interface AgentAdditionOptions {
  /** To be written beside the status. */
  readonly annotations: Readonly<Record<string, string>>;
  /** What the pod's own annotation says of its local volumes, if it is there. */
  readonly localVolumes: string | undefined;
  /** An option that is added here has to find its place in {@link keyOf}. */
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
 * The addition of our own sidecar. Most pods of a cluster get the same one: it is made once for each configuration, and
 * whoever gets it again gets the very same object, so that what follows from it need not be worked out again either.
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
  // Pods choose the sizes: there is no end to them.
  if (made.size >= maxAdditions) made.clear();
  const addition = makeAgentAddition(config, options);
  made.set(key, addition);
  return addition;
}

const agentAdditions = new WeakMap<AgentSidecarConfig, Map<number | string, Addition>>();
const maxAdditions = 256;

/** Of the settings only those that the sidecar itself depends on, by the size of its volume. */
export function sizeSettings(annotations: Readonly<Record<string, string>>): SettingValues {
  const fileSize = annotations[fileSizeKey];
  const fileCount = annotations[fileCountKey];
  if (fileSize === undefined && fileCount === undefined) return none;
  return {
    ...(fileSize === undefined ? {} : { 'file-size': fileSize }),
    ...(fileCount === undefined ? {} : { 'file-count': fileCount }),
  };
}

const fileSizeKey = settingAnnotation('file-size');
const fileCountKey = settingAnnotation('file-count');
const none: SettingValues = {};
const noAmounts: SidecarAmounts = {};

/** The same for equal additions, another for others; undefined for one that hardly another pod gets. */
function keyOf({
  annotations,
  localVolumes,
  sidecar,
  imagePullSecrets,
}: AgentAdditionOptions): number | string | undefined {
  if (Object.keys(annotations).length > 0) return undefined;
  const {
    profile,
    guaranteed,
    podResources,
    summedLimits,
    amounts = noAmounts,
    storage,
    asRoot,
    localAppArmor,
    metricsPortTaken,
    mirror,
    podSettings,
  } = sidecar;
  const summed = sharedResources.map((name) => summedLimits?.includes(name) === true);
  const flags = [
    profile === 'baseline',
    guaranteed,
    podResources === true,
    ...summed,
    storage === 'limited',
    storage === 'requested',
    asRoot === true,
    localAppArmor === true,
    metricsPortTaken === true,
    mirror === true,
    localVolumes !== undefined,
    localVolumes === '',
  ];
  let kind = 0;
  for (const flag of flags) kind = kind * 2 + (flag ? 1 : 0);
  if (podSettings === none && Object.keys(amounts).length === 0 && imagePullSecrets.length === 0) return kind;
  const key = JSON.stringify([kind, podSettings, amounts, imagePullSecrets]);
  return key.length <= maxKey ? key : undefined;
}

const maxKey = 256;

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

/** The addition of a custom sidecar: the same for every pod. */
export function customAddition(config: CustomSidecarConfig): Addition {
  const present = customAdditions.get(config);
  if (present !== undefined) return present;
  const { containers, initContainers, volumes } = config;
  const addition = { annotations: {}, containers, initContainers, volumes, imagePullSecrets: [] };
  customAdditions.set(config, addition);
  return addition;
}

const customAdditions = new WeakMap<CustomSidecarConfig, Addition>();
