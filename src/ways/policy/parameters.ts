import { codedError } from '../../errors.ts';
import { settingAnnotation, standingSettings, type PlatformKey, type SettingName } from '../../settings/index.ts';
import {
  defaultSkipRuntimeClasses,
  maxVolumeBytes,
  platformTexts,
  withDefaults,
  type AgentConfig,
  type AgentSidecarConfig,
  type SecurityProfile,
  type SidecarConfig,
} from '../../sidecar/index.ts';
import { celString } from './cel.ts';

/** `probe`: for dry runs only; the sidecar is reduced to what every Pod Security level admits. */
export type PolicyProfile = SecurityProfile | 'probe';

/** The profiles; each one has its binding and its parameters. */
export const policyProfiles = ['privileged', 'baseline', 'probe'] as const satisfies readonly PolicyProfile[];

/** The parameters that are not part of the configuration. */
export interface ParameterOptions {
  readonly profile: PolicyProfile;
  /** The annotation by which a pod asks for injection. */
  readonly annotation: string;
  /** Pods are injected unless that annotation says "false". */
  readonly optOut: boolean;
}

/** The keys that the data of the ConfigMap always has. */
const keys = [
  'profile',
  'annotation',
  'optOut',
  'image',
  'imagePullPolicy',
  'imagePullSecrets',
  'requests',
  'limits',
  'maxVolumeMebibytes',
  'runAsUser',
  'runAsGroup',
  'seccompProfile',
] as const;

/** A key that the data always has. */
export type ParameterKey = (typeof keys)[number];

/** The key of a setting's default: `setting.file-size`. */
export function settingParameter(name: SettingName): string {
  return `setting.${name}`;
}

/** The key of something that a release configures besides settings: `allowedStreams`. */
export function platformParameter(key: PlatformKey): string {
  return key;
}

/** The value of a key that is always there, in CEL. */
export function parameter(key: ParameterKey): string {
  return `params.data.${key}`;
}

/** The port of the agent's metrics, in CEL; the empty string without one. */
export const metricsPortParameter = "('metricsPort' in params.data ? string(params.data.metricsPort) : '')";

/** The ConfigMap with the CA for uploads, in CEL; the empty string without one. */
export const uploadAuthorityParameter = "('uploadCA' in params.data ? string(params.data.uploadCA) : '')";

/** The names of runtime classes whose pods are left alone, as a list in CEL. */
export const skippedRuntimeClasses =
  "('skipRuntimeClasses' in params.data ? string(params.data.skipRuntimeClasses).split(',') : [])";

/** The parameter with these names. */
export function skippedParameter({ skipRuntimeClasses = defaultSkipRuntimeClasses }: SidecarConfig): {
  skipRuntimeClasses: string;
} {
  return { skipRuntimeClasses: skipRuntimeClasses.join(',') };
}

/** The default of a setting, in CEL; the empty string without one. */
export function settingDefault(name: SettingName): string {
  const key = celString(settingParameter(name));
  return `(${key} in params.data ? string(params.data[${key}]) : '')`;
}

/** The value of the pod's annotation, else the default of the parameters. An empty string counts as absent. */
export function effectiveSetting(name: SettingName): string {
  const key = celString(settingAnnotation(name));
  return `has(object.metadata.annotations) && ${key} in object.metadata.annotations && object.metadata.annotations[${key}] != ''
? string(object.metadata.annotations[${key}])
: ${settingDefault(name)}`;
}

/**
 * The data of the ConfigMap that the expressions read:
 * - `profile`: privileged, baseline or probe
 * - `annotation`: the key by which a pod asks for injection
 * - `optOut`: "true": pods are injected unless that annotation says "false"; else "false"
 * - `image`, `imagePullPolicy`: of the sidecar's container
 * - `imagePullSecrets`: names, separated by commas; may be empty
 * - `requests`, `limits`: `cpu=10m,memory=16Mi`, sorted by name; may be empty
 * - `maxVolumeMebibytes`: the size of the largest volume for capture files
 * - `runAsUser`, `runAsGroup`: numbers; `seccompProfile`: its type; empty: the field is left out
 * - `metricsPort`: the port of the agent's metrics; absent: none
 * - `skipRuntimeClasses`: names, separated by commas; `*` at the end matches any rest; may be empty
 * - `maxBufferSize`: the largest buffer-size; absent: 64Mi
 * - `allowedSettings`, `allowedStreams`, `allowedMirrors`, `allowedUploads`: separated by spaces; absent: everything
 * - `uploadProxy`, `uploadNoProxy`, `uploadCA`: how uploads reach the network; absent: directly
 * - `setting.NAME`: the default of a setting; absent when it has none
 * @throws SIDECAR_CONFIG_INVALID for resources other than requests and limits
 */
export function policyParameters(config: AgentSidecarConfig, options: ParameterOptions): Record<string, string> {
  const { agent, settings: defaults } = config;
  const fixed: Record<ParameterKey, string> = {
    profile: options.profile,
    annotation: options.annotation,
    optOut: String(options.optOut),
    image: agent.image,
    imagePullPolicy: agent.imagePullPolicy,
    imagePullSecrets: agent.imagePullSecrets.map(({ name }) => name).join(','),
    ...resourceParameters(agent.resources),
    ...securityParameters(agent),
    maxVolumeMebibytes: String(Math.floor(maxVolumeBytes(agent) / 1024 ** 2)),
  };
  const given = standingSettings.flatMap(({ name }) => {
    const value = defaults[name] ?? '';
    return value === '' ? [] : [[settingParameter(name), value] as const];
  });
  const authority = agent.uploadCA === undefined || agent.uploadCA === '' ? {} : { uploadCA: agent.uploadCA };
  const metricsPort = agent.metricsPort === undefined ? {} : { metricsPort: String(agent.metricsPort) };
  return {
    ...fixed,
    ...skippedParameter(config),
    ...metricsPort,
    ...platformTexts(agent),
    ...authority,
    ...Object.fromEntries(given),
  };
}

function resourceParameters({ requests = {}, limits = {}, ...others }: AgentConfig['resources']): {
  requests: string;
  limits: string;
} {
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw codedError('SIDECAR_CONFIG_INVALID', `agent.resources.${other} cannot be given to an admission policy`, {
      hint: 'Give requests and limits alone, or use the webhook.',
    });
  }
  return { requests: quantities(requests), limits: quantities(limits) };
}

function securityParameters({
  securityContext = {},
}: AgentConfig): Record<'runAsUser' | 'runAsGroup' | 'seccompProfile', string> {
  const { runAsUser, runAsGroup, seccompProfile } = withDefaults(securityContext);
  return {
    runAsUser: String(runAsUser ?? ''),
    runAsGroup: String(runAsGroup ?? ''),
    seccompProfile: seccompProfile?.type ?? '',
  };
}

function quantities(amounts: Readonly<Record<string, string | number>>): string {
  const names = Object.keys(amounts).toSorted();
  return names.map((name) => `${name}=${amounts[name] ?? ''}`).join(',');
}
