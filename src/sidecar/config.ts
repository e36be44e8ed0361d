import type { Container, LocalObjectReference, ResourceRequirements, Volume } from '../kubernetes/api/types.ts';
import {
  bounds,
  forAllowed,
  largestVolumeBytes,
  parseQuantity,
  shortestQuantity,
  type AllowedItems,
  type SettingValues,
} from '../settings/index.ts';
import { placeholderImage } from './image.ts';
import { logMebibytes, type ConfiguredResources } from './resources.ts';
import type { AgentSecurityContext } from './securityContext.ts';

/** The properties of the sidecar that are not settings. */
export interface AgentConfig extends Partial<AllowedItems> {
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly resources: ResourceRequirements;
  /** Pull secrets for the image, in the pod's own namespace. */
  readonly imagePullSecrets: readonly LocalObjectReference[];
  /**
   * The port of the agent's metrics. Without it the agent opens no port, because the containers of a pod share their
   * ports.
   */
  readonly metricsPort?: number | undefined;
  /**
   * The largest volume for capture files, in whole bytes with a unit; by default {@link defaultMaxVolumeSize}.
   * Pods choose the size of their ring, and share the disk of their node.
   */
  readonly maxVolumeSize?: string | undefined;
  /**
   * The largest `buffer-size`; by default {@link defaultMaxBufferSize}. No memory limit counts the kernel's buffers.
   */
  readonly maxBufferSize?: string | undefined;
  /** The proxy of uploads, a URL without credentials; empty: none. The Secret for uploads can name another one. */
  readonly uploadProxy?: string | undefined;
  /** The hosts that uploads reach without the proxy, in the form of NO_PROXY. */
  readonly uploadNoProxy?: string | undefined;
  /** A ConfigMap in the pod's own namespace; uploads also trust the certificates in its key `ca.crt`. Empty: none. */
  readonly uploadCA?: string | undefined;
  readonly securityContext?: AgentSecurityContext | undefined;
}

/** The default of {@link AgentConfig.maxBufferSize}. */
export const defaultMaxBufferSize = shortestQuantity(bounds.defaultBufferLimit);

/** The keys that describe how uploads reach the network. */
export const uploadKeys = ['uploadProxy', 'uploadNoProxy', 'uploadCA'] as const;

/**
 * Their values, as regular expressions that are valid in RE2 too. A proxy's credentials belong in the Secret, because
 * many may read a pod.
 */
export const uploadPatterns = {
  uploadProxy: String.raw`^(https?://([A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{0,4})?/?)?$`,
  uploadNoProxy: String.raw`^([A-Za-z0-9_.*:/\[\]-]+(,[A-Za-z0-9_.*:/\[\]-]+)*)?$`,
  uploadCA: '^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$',
} as const;

/** A list that allows everything. */
export const everything: readonly string[] = ['*'];

/** Half of the smallest root disk of managed nodes (20 GiB), and 64 times the default ring. */
export const defaultMaxVolumeSize = '10Gi';

/** The largest volume for capture files, in bytes. */
export function maxVolumeBytes({ maxVolumeSize = defaultMaxVolumeSize }: Pick<AgentConfig, 'maxVolumeSize'>): number {
  return parseQuantity(maxVolumeSize) ?? largestVolumeBytes;
}

/** Whether the agent, which is not root, can listen on this port. */
export function isMetricsPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= leastMetricsPort && value <= 65_535;
}

/** Lower ports need a capability (net.ipv4.ip_unprivileged_port_start), which the agent does not have. */
export const leastMetricsPort = 1024;

/** The common part of both forms of the configuration. */
interface CommonConfig {
  /**
   * Runtime classes whose pods are skipped, see {@link isSkippedRuntimeClass}; absent:
   * {@link defaultSkipRuntimeClasses}.
   */
  readonly skipRuntimeClasses?: readonly string[];
}

/**
 * Sandboxes whose kernel has no packet sockets that libpcap can read: gVisor (google/gvisor#6664, #6699), by the usual
 * names of its runtime class. Kata's guest kernel has packet sockets (CONFIG_PACKET=y).
 */
export const defaultSkipRuntimeClasses: readonly string[] = ['gvisor*', 'runsc*'];

/** Names of runtime classes; `*` at the end matches any rest. The regular expression is valid in RE2 too. */
export const runtimeClassPattern = '^[a-z0-9]([a-z0-9.-]{0,252})[*]?$|^[*]$';

/** Whether the list contains the name of a pod's runtime class. */
export function isSkippedRuntimeClass(
  { skipRuntimeClasses = defaultSkipRuntimeClasses }: SidecarConfig,
  name: unknown,
): boolean {
  if (typeof name !== 'string' || name === '') return false;
  return skipRuntimeClasses.some((wanted) =>
    wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted,
  );
}

/** The configuration of the agent's sidecar, with the settings that a pod's annotations override. */
export interface AgentSidecarConfig extends CommonConfig {
  readonly form: 'agent';
  readonly agent: AgentConfig;
  readonly settings: SettingValues;
}

/** A custom sidecar, in the form of the article; it is added unchanged. */
export interface CustomSidecarConfig extends CommonConfig {
  readonly form: 'custom';
  readonly containers: readonly Container[];
  readonly initContainers: readonly Container[];
  readonly volumes: readonly Volume[];
}

/** The content of `sidecarconfig.yaml`. */
export type SidecarConfig = AgentSidecarConfig | CustomSidecarConfig;

const defaultLimits = { cpu: '250m', memory: '64Mi' };

/**
 * The requests cover an idle sidecar. The limits are enough for 0.7 to 1 Gbit/s of whole packets without loss; see
 * docs/agent.md, Limits.
 */
export const defaultAgent: AgentConfig = {
  image: placeholderImage('agent'),
  imagePullPolicy: 'IfNotPresent',
  resources: {
    requests: { cpu: '10m', memory: '16Mi' },
    limits: defaultLimits,
  },
  imagePullSecrets: [],
  metricsPort: undefined,
  maxVolumeSize: defaultMaxVolumeSize,
  maxBufferSize: defaultMaxBufferSize,
  ...forAllowed(() => everything),
  uploadProxy: '',
  uploadNoProxy: '',
  uploadCA: '',
  securityContext: {},
};

/** What is injected without a `sidecarconfig.yaml`. Its image is a placeholder, which the user must replace. */
export const defaultSidecarConfig: AgentSidecarConfig = { form: 'agent', agent: defaultAgent, settings: {} };

/**
 * The configured resources of the container that captures.
 * @param volumeMebibytes size of the volume for capture files
 */
export function agentResources(configured: ResourceRequirements, volumeMebibytes: number): ConfiguredResources {
  return { configured, fallback: defaultLimits, storage: `${volumeMebibytes + logMebibytes}Mi` };
}
