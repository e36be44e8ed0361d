import type { Container } from '../kubernetes/api/types.ts';
import { settingEnvironment, standingSettings, type SettingValues } from '../settings/index.ts';
import { mountPaths, volumeNames } from './partNames.ts';

/** Variables with the pod's name, namespace and node, for the agent. */
export const podVariables: readonly unknown[] = [
  variable('POD_NAMESPACE', 'metadata.namespace'),
  variable('POD_NAME', 'metadata.name'),
  variable('NODE_NAME', 'spec.nodeName'),
];

function variable(name: string, fieldPath: string): unknown {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** Variables with the release's settings, which the pod's annotations override. */
export function settingVariables(defaults: SettingValues): readonly unknown[] {
  return standingSettings.flatMap(({ name }) => {
    const value = defaults[name] ?? '';
    return value === '' ? [] : [{ name: settingEnvironment(name), value }];
  });
}

/** Mounts of every container of the sidecar: the files, the settings, and an empty folder that hides the token. */
export const commonMounts: NonNullable<Container['volumeMounts']> = [
  { name: volumeNames.files, mountPath: mountPaths.files },
  { name: volumeNames.settings, mountPath: mountPaths.settings, readOnly: true },
  { name: volumeNames.noToken, mountPath: mountPaths.token, readOnly: true },
];
