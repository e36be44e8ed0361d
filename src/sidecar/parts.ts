import { settingEnvironment, settings, type SettingValues } from '../settings/index.ts';
import type { Container, ResourceRequirements } from './kubernetes.ts';
import { agentUser, mountPaths, volumeNames } from './names.ts';

/** Which pod it is, as the agent reads it. */
export const podVariables: readonly unknown[] = [
  variable('POD_NAMESPACE', 'metadata.namespace'),
  variable('POD_NAME', 'metadata.name'),
  variable('NODE_NAME', 'spec.nodeName'),
];

function variable(name: string, fieldPath: string): unknown {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** The settings that hold where the pod has no annotation. */
export function settingVariables(defaults: SettingValues): readonly unknown[] {
  return settings.flatMap(({ name }) => {
    const value = defaults[name] ?? '';
    return value === '' ? [] : [{ name: settingEnvironment(name), value }];
  });
}

/** What of a pod the resources of a container in it depend on. */
export interface PodOfResources {
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
}

/** A container's resources, so that the pod stays what it is. */
export function resourcesIn({ guaranteed, podResources, summedLimits = [] }: PodOfResources, own: ResourceRequirements): ResourceRequirements {
  if (podResources === true) {
    const zero = Object.fromEntries(summedLimits.map((name) => [name, '0']));
    return summedLimits.length === 0 ? {} : { requests: zero, limits: zero };
  }
  if (!guaranteed) return own;
  const limits = own.limits ?? {};
  return { requests: limits, limits };
}

/** @param capability the only one; undefined: what the container runtime gives by default */
export function securityContext(capability: 'NET_RAW' | 'NET_ADMIN' | undefined): unknown {
  return {
    allowPrivilegeEscalation: false,
    ...(capability === undefined ? {} : { capabilities: { drop: ['ALL'], add: [capability] } }),
    readOnlyRootFilesystem: true,
    runAsGroup: agentUser,
    runAsNonRoot: true,
    runAsUser: agentUser,
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** What every container of the sidecar sees: its files, its settings, and no token. */
export const commonMounts: NonNullable<Container['volumeMounts']> = [
  { name: volumeNames.files, mountPath: mountPaths.files },
  { name: volumeNames.settings, mountPath: mountPaths.settings, readOnly: true },
  { name: volumeNames.noToken, mountPath: mountPaths.token, readOnly: true },
];
