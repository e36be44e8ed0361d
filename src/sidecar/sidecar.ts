import {
  formatMebibytes,
  settingAnnotation,
  settingEnvironment,
  settings,
  volumeBytes,
  type SettingValues,
} from '../settings/index.ts';
import type { AgentSidecarConfig } from './config.ts';
import type { Container, ResourceRequirements, Volume } from './kubernetes.ts';
import { agentUser, containerName, metricsPortName, mountPaths, uploadSecretName, volumeNames } from './names.ts';

/**
 * What the namespace's enforced Pod Security level leaves the sidecar. `restricted` has no profile: capture needs
 * NET_RAW, which that level forbids (pod-security-admission/policy/check_capabilities_restricted.go).
 */
export type SecurityProfile = 'privileged' | 'baseline';

export interface SidecarOptions {
  readonly config: AgentSidecarConfig;
  readonly profile: SecurityProfile;
  /** The pod's QoS class is Guaranteed: the sidecar's requests must equal its limits, or the pod would lose its class. */
  readonly guaranteed: boolean;
  /**
   * The pod has resources of its own (`spec.resources`), which its containers share. Then the sidecar asks for none: the
   * API server refuses a pod whose containers ask for more than the pod (ValidatePodResources in
   * pkg/apis/core/validation).
   */
  readonly podResources?: boolean | undefined;
  /**
   * The resources whose limits of such a pod are the sum of its containers', if all of them have one. The sidecar has zero
   * of these: it is as good as none to the kubelet, and to the sum.
   */
  readonly summedLimits?: readonly string[] | undefined;
  /** Another container of the pod has the port of the agent's metrics: the agent leaves it alone. */
  readonly metricsPortTaken?: boolean | undefined;
  /** The settings in the pod's own annotations, for the size of the volume. */
  readonly podSettings: SettingValues;
}

export interface Sidecar {
  /** A native sidecar (KEP-753): an init container that restarts always. */
  readonly container: Container;
  readonly volumes: readonly Volume[];
}

/** What is added to a pod. Equal input gives equal output, key order included. */
export function makeSidecar(options: SidecarOptions): Sidecar {
  const { config, profile, podSettings } = options;
  const metricsPort = options.metricsPortTaken === true ? undefined : config.agent.metricsPort;
  const sizeLimit = formatMebibytes(volumeBytes({ ...config.settings, ...present(podSettings) }));
  return {
    container: {
      name: containerName,
      image: config.agent.image,
      imagePullPolicy: config.agent.imagePullPolicy,
      restartPolicy: 'Always',
      env: environment(config.settings, sizeLimit, metricsPort),
      ...(metricsPort === undefined ? {} : { ports: [{ name: metricsPortName, containerPort: metricsPort, protocol: 'TCP' }] }),
      resources: resourcesFor(options),
      securityContext: securityContext(profile),
      volumeMounts: [
        { name: volumeNames.files, mountPath: mountPaths.files },
        { name: volumeNames.settings, mountPath: mountPaths.settings, readOnly: true },
        { name: volumeNames.noToken, mountPath: mountPaths.token, readOnly: true },
        { name: volumeNames.upload, mountPath: mountPaths.upload, readOnly: true },
      ],
    },
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
      // Projected: a pod with a plain `secret` volume that its service account does not list is refused when the account
      // has the annotation kubernetes.io/enforce-mountable-secrets (plugin/pkg/admission/serviceaccount).
      { name: volumeNames.upload, projected: { sources: [{ secret: { name: uploadSecretName, optional: true } }] } },
    ],
  };
}

/** An empty annotation means the default, as an absent one does: the settings volume cannot tell them apart. */
function present(values: SettingValues): SettingValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
}

function environment(defaults: SettingValues, sizeLimit: string, metricsPort: number | undefined): readonly unknown[] {
  const field = (name: string, fieldPath: string): unknown => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  return [
    field('POD_NAMESPACE', 'metadata.namespace'),
    field('POD_NAME', 'metadata.name'),
    field('NODE_NAME', 'spec.nodeName'),
    { name: 'PACKET_CAPTURE_SIZE_LIMIT', value: sizeLimit },
    ...(metricsPort === undefined ? [] : [{ name: 'PACKET_CAPTURE_METRICS_PORT', value: String(metricsPort) }]),
    ...settings.flatMap(({ name }) => {
      const value = defaults[name] ?? '';
      return value === '' ? [] : [{ name: settingEnvironment(name), value }];
    }),
  ];
}

function resourcesFor({ config, guaranteed, podResources, summedLimits = [] }: SidecarOptions): ResourceRequirements {
  const { resources } = config.agent;
  if (podResources === true) {
    const zero = Object.fromEntries(summedLimits.map((name) => [name, '0']));
    return summedLimits.length === 0 ? {} : { requests: zero, limits: zero };
  }
  if (!guaranteed) return resources;
  const limits = resources.limits ?? {};
  return { requests: limits, limits };
}

function securityContext(profile: SecurityProfile): unknown {
  return {
    allowPrivilegeEscalation: false,
    // Pod Security `baseline` forbids to add NET_RAW, yet not to keep it among the runtime's own defaults.
    ...(profile === 'privileged' ? { capabilities: { drop: ['ALL'], add: ['NET_RAW'] } } : {}),
    readOnlyRootFilesystem: true,
    runAsGroup: agentUser,
    runAsNonRoot: true,
    runAsUser: agentUser,
    seccompProfile: { type: 'RuntimeDefault' },
  };
}
