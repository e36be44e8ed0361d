import { settings, type SettingName, type SettingValues } from './table.ts';

/** Every label and annotation of the project begins with it. */
export const annotationPrefix = 'packet-capture/';

/** Opt-in ("true") and opt-out ("false", always wins) of a pod. */
export const injectAnnotation = `${annotationPrefix}inject`;

/** What was added to a pod, as JSON; see sidecar/statusAnnotation.ts. */
export const statusAnnotation = `${annotationPrefix}status`;

/** Says when the kubelet was asked to bring the settings into a pod once more; see captures/refresh.ts. */
export const refreshAnnotation = `${annotationPrefix}refresh`;

/** Opt-in of a namespace. */
export const namespaceLabel = `${annotationPrefix}injection`;

/** `packet-capture/file-size` for `file-size`. */
export function settingAnnotation(name: SettingName): string {
  return `${annotationPrefix}${name}`;
}

/** The environment variable that gives the agent its default: `PACKET_CAPTURE_FILE_SIZE` for `file-size`. */
export function settingEnvironment(name: SettingName): string {
  return `PACKET_CAPTURE_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** The settings that stand in a pod's annotations. */
export function settingsOfAnnotations(annotations: Readonly<Record<string, string>>): SettingValues {
  const values: Partial<Record<SettingName, string>> = {};
  for (const [name, key] of annotationKeys) {
    const value = annotations[key];
    if (value !== undefined) values[name] = value;
  }
  return values;
}

const annotationKeys = settings.map(({ name }) => [name, settingAnnotation(name)] as const);
