import type { Container } from '../kubernetes/api/types.ts';
import type { SettingValues } from '../settings/index.ts';
import type { AgentConfig } from './config.ts';
import { agentProgram, mirrorName } from './partNames.ts';
import { commonMounts, podVariables, settingVariables } from './parts.ts';
import { platformVariables } from './platformVariables.ts';
import { logMebibytes, sidecarResources, type ConfiguredResources, type PodOfResources } from './resources.ts';
import { securityContext, type InheritedSecurity } from './securityContext.ts';

/** Resources of the process that sets the mirror up and watches it. The kernel itself copies the packets. */
const limits = { cpu: '100m', memory: '32Mi' };
/** The amounts of the container that mirrors; the fallback is for Guaranteed pods, which must have limits. */
export const mirrorResources: ConfiguredResources = {
  configured: { requests: { cpu: '5m', memory: '8Mi' }, limits },
  fallback: limits,
  storage: `${logMebibytes}Mi`,
};

/** What the container that mirrors is made from; `settings` are the defaults of the release. */
export interface MirrorOptions extends PodOfResources, InheritedSecurity {
  readonly agent: AgentConfig;
  readonly settings: SettingValues;
}

/**
 * The container that lets the kernel mirror the pod's traffic. It is a native sidecar, so that the mirror of a live pod
 * can be changed and stopped. Only this container has NET_ADMIN; the container that captures does not.
 */
export function makeMirror(options: MirrorOptions): Container {
  const { agent, settings } = options;
  return {
    name: mirrorName,
    image: agent.image,
    imagePullPolicy: agent.imagePullPolicy,
    restartPolicy: 'Always',
    command: [agentProgram, 'mirror'],
    env: [...podVariables, ...platformVariables(agent), ...settingVariables(settings)],
    resources: sidecarResources(options, mirrorResources),
    securityContext: securityContext('NET_ADMIN', agent, options),
    volumeMounts: commonMounts,
  };
}

/**
 * Whether a pod asks for a mirror, with a valid value or not: the agent reports an invalid one. An empty annotation
 * means the default.
 */
export function asksForMirror(annotation: string | null | undefined, { mirror = '' }: SettingValues): boolean {
  return (annotation ?? '') !== '' || mirror !== '';
}
