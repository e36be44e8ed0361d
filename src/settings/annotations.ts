import { settings, type SettingName, type SettingValues } from './table.ts';

/** The prefix of every label and annotation of the project. */
export const annotationPrefix = 'packet-capture/';

/** Opts a pod in ("true") or out ("false", which always wins). */
export const injectAnnotation = `${annotationPrefix}inject`;

/** What was added to a pod, as JSON; see sidecar/statusAnnotation.ts. */
export const statusAnnotation = `${annotationPrefix}status`;

/** The time at which the kubelet was last asked to update the settings in a pod; see captures/refresh.ts. */
export const refreshAnnotation = `${annotationPrefix}refresh`;

/** The label that opts a namespace in. */
export const namespaceLabel = `${annotationPrefix}injection`;

/** `packet-capture/file-size` for `file-size`. */
export function settingAnnotation(name: SettingName): string {
  return `${annotationPrefix}${name}`;
}

/**
 * The environment variable that gives the agent its default: `PACKET_CAPTURE_FILE_SIZE` for `file-size`. None ends in
 * `_PORT`: the kubelet would set it for a Service `packet-capture-keep`.
 */
export function settingEnvironment(name: SettingName): string {
  return `PACKET_CAPTURE_${name
    .replace(/-port$/, '-listen')
    .toUpperCase()
    .replaceAll('-', '_')}`;
}

/** The settings in a pod's annotations. */
export function settingsOfAnnotations(annotations: Readonly<Record<string, string>>): SettingValues {
  const values: Partial<Record<SettingName, string>> = {};
  for (const [name, key] of annotationKeys) {
    const value = annotations[key];
    if (value !== undefined) values[name] = value;
  }
  return values;
}

const annotationKeys = settings.map(({ name }) => [name, settingAnnotation(name)] as const);
