import type { Container, LocalObjectReference, ResourceRequirements, Volume } from '../kubernetes/api/types.ts';
import { bounds, largestVolumeBytes, parseQuantity, shortestQuantity, type SettingValues } from '../settings/index.ts';
import { placeholderImage } from './image.ts';
import { logMebibytes, type OwnResources } from './resources.ts';
import type { AgentSecurityContext } from './securityContext.ts';

/** The properties of the sidecar that are not settings. */
export interface AgentConfig {
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly resources: ResourceRequirements;
  /** Secrets of the pod's own namespace, to pull the image with. */
  readonly imagePullSecrets: readonly LocalObjectReference[];
  /**
   * Where the agent answers Prometheus; without it nothing listens, since the containers of a pod share their ports.
   */
  readonly metricsPort?: number | undefined;
  /**
   * The largest volume for the files of a capture, in whole bytes with a unit; {@link defaultMaxVolumeSize} unless
   * told. Pods choose the size of their ring, and share the disk of their node with others.
   */
  readonly maxVolumeSize?: string | undefined;
  /**
   * The largest `buffer-size`; {@link defaultMaxBufferSize} unless told. No limit of memory counts the kernel's
   * buffers.
   */
  readonly maxBufferSize?: string | undefined;
  /**
   * The settings that annotations may change, and where packets may go; `*` allows everything, and so does what is not
   * told.
   */
  readonly allowedSettings?: readonly string[] | undefined;
  readonly allowedStreams?: readonly string[] | undefined;
  readonly allowedMirrors?: readonly string[] | undefined;
  readonly allowedUploads?: readonly string[] | undefined;
  /** The proxy of uploads, a URL without credentials; empty: none. A Secret for uploads may name another one. */
  readonly uploadProxy?: string | undefined;
  /** What does not go through it, as NO_PROXY has it. */
  readonly uploadNoProxy?: string | undefined;
  /** A ConfigMap of the pod's own namespace whose key `ca.crt` uploads trust besides; empty: none. */
  readonly uploadCA?: string | undefined;
  readonly securityContext?: AgentSecurityContext | undefined;
}

/** Of {@link AgentConfig.maxBufferSize}. */
export const defaultMaxBufferSize = shortestQuantity(bounds.defaultBufferLimit);

/** The lists of a release that say what is allowed. */
export const allowedKeys = ['allowedSettings', 'allowedStreams', 'allowedMirrors', 'allowedUploads'] as const;

/** Keys that say how uploads reach the network; empty: not told. */
export const uploadKeys = ['uploadProxy', 'uploadNoProxy', 'uploadCA'] as const;

/**
 * What may stand there, as regular expressions that RE2 takes as well. Credentials of a proxy belong into the Secret: a
 * pod can be read by many.
 */
export const uploadPatterns = {
  uploadProxy: String.raw`^(https?://([A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{0,4})?/?)?$`,
  uploadNoProxy: String.raw`^([A-Za-z0-9_.*:/\[\]-]+(,[A-Za-z0-9_.*:/\[\]-]+)*)?$`,
  uploadCA: '^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$',
} as const;

/** A list that allows everything. */
export const everything: readonly string[] = ['*'];

/** Half of the smallest root disk that a managed node comes with (20 GiB), and 64 times the default ring. */
export const defaultMaxVolumeSize = '10Gi';

/** In bytes. */
export function maxVolumeBytes({ maxVolumeSize = defaultMaxVolumeSize }: Pick<AgentConfig, 'maxVolumeSize'>): number {
  return parseQuantity(maxVolumeSize) ?? largestVolumeBytes;
}

/** A port that the agent, which is not root, can listen on. */
export function isMetricsPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= leastMetricsPort && value <= 65_535;
}

export const leastMetricsPort = 1024;

/** What both forms of the configuration have. */
interface CommonConfig {
  /**
   * Runtime classes whose pods are left alone, see {@link isSkippedRuntimeClass}; absent:
   * {@link defaultSkipRuntimeClasses}.
   */
  readonly skipRuntimeClasses?: readonly string[];
}

/**
 * Sandboxes whose kernel has no packet sockets that libpcap could read: gVisor (google/gvisor#6664, #6699) by the names
 * that its users give it. Kata's guest kernel has them (CONFIG_PACKET=y).
 */
export const defaultSkipRuntimeClasses: readonly string[] = ['gvisor*', 'runsc*'];

/** Names of runtime classes, with `*` at the end for whatever follows. A regular expression that RE2 takes as well. */
export const runtimeClassPattern = '^[a-z0-9]([a-z0-9.-]{0,252})[*]?$|^[*]$';

/** Whether the name of a pod's runtime class is one of those. */
export function isSkippedRuntimeClass(
  { skipRuntimeClasses = defaultSkipRuntimeClasses }: SidecarConfig,
  name: unknown,
): boolean {
  if (typeof name !== 'string' || name === '') return false;
  return skipRuntimeClasses.some((wanted) =>
    wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted,
  );
}

/** Our own sidecar, with defaults under the pod's annotations. */
export interface AgentSidecarConfig extends CommonConfig {
  readonly form: 'agent';
  readonly agent: AgentConfig;
  readonly settings: SettingValues;
}

/** A sidecar of the user's, the article's form: taken as it is. */
export interface CustomSidecarConfig extends CommonConfig {
  readonly form: 'custom';
  readonly containers: readonly Container[];
  readonly initContainers: readonly Container[];
  readonly volumes: readonly Volume[];
}

/** What `sidecarconfig.yaml` says. */
export type SidecarConfig = AgentSidecarConfig | CustomSidecarConfig;

const defaultLimits = { cpu: '250m', memory: '64Mi' };

/**
 * Requests are what an idle sidecar is charged with. The limits carry 0.7 to 1 Gbit/s of whole packets without loss;
 * see docs/agent.md, Limits.
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
  allowedSettings: everything,
  allowedStreams: everything,
  allowedMirrors: everything,
  allowedUploads: everything,
  uploadProxy: '',
  uploadNoProxy: '',
  uploadCA: '',
  securityContext: {},
};

export const defaultSidecarConfig: AgentSidecarConfig = { form: 'agent', agent: defaultAgent, settings: {} };

/**
 * The configured resources of the container that captures.
 * @param volumeMebibytes of its volume for files
 */
export function agentResources(own: ResourceRequirements, volumeMebibytes: number): OwnResources {
  return { own, fallback: defaultLimits, storage: `${volumeMebibytes + logMebibytes}Mi` };
}
