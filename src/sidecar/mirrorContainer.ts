import type { Container } from '../kubernetes/api/types.ts';
import type { SettingValues } from '../settings/index.ts';
import type { AgentConfig } from './config.ts';
import { mirrorName } from './partNames.ts';
import { commonMounts, podVariables, settingVariables } from './parts.ts';
import { platformVariables } from './platformVariables.ts';
import { logMebibytes, sidecarResources, type OwnResources, type PodOfResources } from './resources.ts';
import { securityContext, type InheritedSecurity } from './securityContext.ts';

/** The kernel copies the packets: this is for what sets it up and looks at it. */
const limits = { cpu: '100m', memory: '32Mi' };
export const mirrorResources: OwnResources = {
  own: { requests: { cpu: '5m', memory: '8Mi' }, limits },
  fallback: limits,
  storage: `${logMebibytes}Mi`,
};

export interface MirrorOptions extends PodOfResources, InheritedSecurity {
  readonly agent: AgentConfig;
  readonly settings: SettingValues;
}

/**
 * The container that lets the kernel mirror what the pod sends and receives: a native sidecar too, so that a live pod's
 * mirror can be moved and taken back. It has NET_ADMIN, and the container that captures has not.
 */
export function makeMirror(options: MirrorOptions): Container {
  const { agent, settings } = options;
  return {
    name: mirrorName,
    image: agent.image,
    imagePullPolicy: agent.imagePullPolicy,
    restartPolicy: 'Always',
    command: ['/usr/bin/packet-capture-agent', 'mirror'],
    env: [...podVariables, ...platformVariables(agent), ...settingVariables(settings)],
    resources: sidecarResources(options, mirrorResources),
    securityContext: securityContext('NET_ADMIN', agent, options),
    volumeMounts: commonMounts,
  };
}

/**
 * Whether a pod asks for a mirror, be its value valid or not: the agent says what is wrong with one. An empty
 * annotation means the default.
 */
export function asksForMirror(annotation: string | null | undefined, { mirror = '' }: SettingValues): boolean {
  return (annotation ?? '') !== '' || mirror !== '';
}
