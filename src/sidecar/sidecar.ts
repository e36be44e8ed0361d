import type { Container, Volume } from '../kubernetes/api/types.ts';
import { agentVariables, settingAnnotation, settings, volumeBytes, type SettingValues } from '../settings/index.ts';
import { agentResources, maxVolumeBytes, type AgentSidecarConfig } from './config.ts';
import { makeMirror } from './mirrorContainer.ts';
import { containerName, metricsPortName, mountPaths, uploadSecretName, volumeNames } from './partNames.ts';
import { commonMounts, podVariables, settingVariables } from './parts.ts';
import { platformVariables } from './platformVariables.ts';
import { sidecarResources, type PodOfResources } from './resources.ts';
import { securityContext, type InheritedSecurity } from './securityContext.ts';

/**
 * The form of the sidecar for the Pod Security level that the namespace enforces. There is none for `restricted`, which
 * forbids NET_RAW (pod-security-admission/policy/check_capabilities_restricted.go), and a capture needs it.
 */
export type SecurityProfile = 'privileged' | 'baseline';

/**
 * The assumed level of namespaces without a Pod Security label. `auto` means privileged, the default of Kubernetes.
 */
export const assumedLevels = ['auto', 'privileged', 'baseline', 'restricted'] as const;
/** A Pod Security level, or `auto`. */
export type AssumedLevel = (typeof assumedLevels)[number];

/** What the sidecar of one pod is made from. */
export interface SidecarOptions extends PodOfResources, InheritedSecurity {
  readonly config: AgentSidecarConfig;
  readonly profile: SecurityProfile;
  /** Another container of the pod uses the port of the agent's metrics; the agent then has no metrics. */
  readonly metricsPortTaken?: boolean | undefined;
  /** Adds the container that mirrors, see asksForMirror; not in baseline, which forbids NET_ADMIN. */
  readonly mirror?: boolean | undefined;
  /** The settings in the pod's annotations that determine the size of the volume. */
  readonly podSettings: SettingValues;
}

/** The parts that are added to a pod, besides annotations. */
export interface Sidecar {
  /** A native sidecar (KEP-753): an init container with `restartPolicy: Always`. */
  readonly container: Container;
  /** A second native sidecar, directly after the first. */
  readonly mirror: Container | undefined;
  readonly volumes: readonly Volume[];
}

/** Makes the sidecar of a pod. Equal input gives equal output, including the order of keys. */
export function makeSidecar(options: SidecarOptions): Sidecar {
  const { config, profile, podSettings } = options;
  const metricsPort = options.metricsPortTaken === true ? undefined : config.agent.metricsPort;
  const mebibytes = volumeMebibytes(config, podSettings);
  const sizeLimit = `${mebibytes}Mi`;
  const container: Container = {
    name: containerName,
    image: config.agent.image,
    imagePullPolicy: config.agent.imagePullPolicy,
    restartPolicy: 'Always',
    env: [
      ...podVariables,
      { name: agentVariables.sizeLimit, value: sizeLimit },
      ...(metricsPort === undefined ? [] : [{ name: agentVariables.metrics, value: `:${metricsPort}` }]),
      ...platformVariables(config.agent),
      ...settingVariables(config.settings),
    ],
    ...(metricsPort === undefined
      ? {}
      : { ports: [{ name: metricsPortName, containerPort: metricsPort, protocol: 'TCP' }] }),
    resources: sidecarResources(options, agentResources(config.agent.resources, mebibytes)),
    // Pod Security `baseline` forbids adding NET_RAW, but allows it as one of the container runtime's defaults.
    securityContext: securityContext(profile === 'privileged' ? 'NET_RAW' : undefined, config.agent, options),
    volumeMounts: [...commonMounts, { name: volumeNames.upload, mountPath: mountPaths.upload, readOnly: true }],
  };
  return {
    container,
    mirror: options.mirror === true && profile === 'privileged' ? makeMirror({ ...options, ...config }) : undefined,
    volumes: [
      { name: volumeNames.files, emptyDir: { sizeLimit } },
      {
        name: volumeNames.settings,
        downwardAPI: {
          items: [
            ...settings.map(({ name }) => ({
              path: name,
              fieldRef: { fieldPath: `metadata.annotations['${settingAnnotation(name)}']` },
            })),
            // The labels identify the pod's workload, which is part of the path of its uploads.
            { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
          ],
        },
      },
      { name: volumeNames.noToken, emptyDir: {} },
      // Projected, because a service account with the annotation kubernetes.io/enforce-mountable-secrets refuses pods
      // with a plain `secret` volume that it does not list (plugin/pkg/admission/serviceaccount).
      {
        name: volumeNames.upload,
        projected: {
          sources: [
            ...uploadAuthority(config.agent.uploadCA ?? ''),
            { secret: { name: uploadSecretName, optional: true } },
          ],
        },
      },
    ],
  };
}

/**
 * The release's certificate authority for uploads. A `ca.crt` in the Secret replaces it, because the Secret comes
 * later.
 * @param name of a ConfigMap, or empty
 */
export function uploadAuthority(name: string): object[] {
  return name === '' ? [] : [{ configMap: { name, optional: true, items: [{ key: 'ca.crt', path: 'ca.crt' }] } }];
}

/** The size of the volume for a pod's capture files, in whole mebibytes. */
function volumeMebibytes(config: AgentSidecarConfig, podSettings: SettingValues): number {
  return Math.ceil(volumeBytes(settingsOfPod(config, podSettings), maxVolumeBytes(config.agent)) / 1024 ** 2);
}

/**
 * The settings of a pod: those of the configuration, overridden by its annotations. An empty annotation counts as
 * absent, because the settings volume shows both in the same way.
 */
export function settingsOfPod(
  { settings: defaults }: Pick<AgentSidecarConfig, 'settings'>,
  podSettings: SettingValues,
): SettingValues {
  return { ...defaults, ...Object.fromEntries(Object.entries(podSettings).filter(([, value]) => value !== '')) };
}
