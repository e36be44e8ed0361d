import type { Container, Volume } from '../kubernetes/api/types.ts';
import { settingAnnotation, settings, volumeBytes, type SettingValues } from '../settings/index.ts';
import { agentResources, maxVolumeBytes, type AgentSidecarConfig } from './config.ts';
import { makeMirror } from './mirrorContainer.ts';
import {
  containerName,
  metricsEnvironment,
  metricsPortName,
  mountPaths,
  uploadSecretName,
  volumeNames,
} from './partNames.ts';
import { commonMounts, podVariables, settingVariables } from './parts.ts';
import { platformVariables } from './platformVariables.ts';
import { sidecarResources, type PodOfResources } from './resources.ts';
import { securityContext, type InheritedSecurity } from './securityContext.ts';

/**
 * What the namespace's enforced Pod Security level leaves the sidecar. `restricted` has no profile: capture needs
 * NET_RAW, which that level forbids (pod-security-admission/policy/check_capabilities_restricted.go).
 */
export type SecurityProfile = 'privileged' | 'baseline';

/**
 * What namespaces without a label for Pod Security are taken for. `auto` is privileged: that is what Kubernetes
 * enforces where its configuration says nothing.
 */
export const assumedLevels = ['auto', 'privileged', 'baseline', 'restricted'] as const;
export type AssumedLevel = (typeof assumedLevels)[number];

export interface SidecarOptions extends PodOfResources, InheritedSecurity {
  readonly config: AgentSidecarConfig;
  readonly profile: SecurityProfile;
  /** Another container of the pod has the port of the agent's metrics: the agent leaves it alone. */
  readonly metricsPortTaken?: boolean | undefined;
  /** With the container that mirrors: see asksForMirror. Never in baseline, which forbids NET_ADMIN. */
  readonly mirror?: boolean | undefined;
  /** The settings in the pod's own annotations, for the size of the volume. */
  readonly podSettings: SettingValues;
}

export interface Sidecar {
  /** A native sidecar (KEP-753): an init container that restarts always. */
  readonly container: Container;
  /** Another one, directly behind it. */
  readonly mirror: Container | undefined;
  readonly volumes: readonly Volume[];
}

/** What is added to a pod. Equal input gives equal output, key order included. */
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
      { name: 'PACKET_CAPTURE_SIZE_LIMIT', value: sizeLimit },
      ...(metricsPort === undefined ? [] : [{ name: metricsEnvironment, value: `:${metricsPort}` }]),
      ...platformVariables(config.agent),
      ...settingVariables(config.settings),
    ],
    ...(metricsPort === undefined
      ? {}
      : { ports: [{ name: metricsPortName, containerPort: metricsPort, protocol: 'TCP' }] }),
    resources: sidecarResources(options, agentResources(config.agent.resources, mebibytes)),
    // Pod Security `baseline` forbids to add NET_RAW, yet not to keep it among the runtime's own defaults.
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
            // They tell the workload that the pod belongs to, which names the place of its uploads.
            { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
          ],
        },
      },
      { name: volumeNames.noToken, emptyDir: {} },
      // Projected: a pod with a plain `secret` volume that its service account does not list is refused when the
      // account has the annotation kubernetes.io/enforce-mountable-secrets (plugin/pkg/admission/serviceaccount).
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
 * The release's own authority for uploads; a `ca.crt` in the Secret, which comes behind it, takes its place.
 * @param name of a ConfigMap, or empty
 */
export function uploadAuthority(name: string): object[] {
  return name === '' ? [] : [{ configMap: { name, optional: true, items: [{ key: 'ca.crt', path: 'ca.crt' }] } }];
}

/** Of the volume for the files of a pod, in whole mebibytes. */
function volumeMebibytes(config: AgentSidecarConfig, podSettings: SettingValues): number {
  return Math.ceil(volumeBytes(settingsOfPod(config, podSettings), maxVolumeBytes(config.agent)) / 1024 ** 2);
}

/**
 * The settings that hold for a pod.
 * An empty annotation means the default, as an absent one does: the settings volume cannot tell them apart.
 */
export function settingsOfPod(
  { settings: defaults }: Pick<AgentSidecarConfig, 'settings'>,
  podSettings: SettingValues,
): SettingValues {
  return { ...defaults, ...Object.fromEntries(Object.entries(podSettings).filter(([, value]) => value !== '')) };
}
