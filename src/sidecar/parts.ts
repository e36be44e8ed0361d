import type { Container } from '../kubernetes/api/types.ts';
import { settingEnvironment, settings, type SettingValues } from '../settings/index.ts';
import { mountPaths, volumeNames } from './partNames.ts';

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

/** What every container of the sidecar sees: its files, its settings, and no token. */
export const commonMounts: NonNullable<Container['volumeMounts']> = [
  { name: volumeNames.files, mountPath: mountPaths.files },
  { name: volumeNames.settings, mountPath: mountPaths.settings, readOnly: true },
  { name: volumeNames.noToken, mountPath: mountPaths.token, readOnly: true },
];
