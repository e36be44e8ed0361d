import { settingEnvironment } from './annotations.ts';
import { bounds } from './bounds.ts';
import { parseQuantity } from './quantity.ts';
import { settings, type SettingValues } from './table.ts';

/**
 * What a release says beside the settings: how large the kernel's buffer may be, where packets may go, and what
 * annotations may change. Undefined lists allow everything, and so does `*` in one.
 */
export interface Platform {
  /** The release's settings, under the annotations. They are always allowed. */
  readonly defaults: SettingValues;
  /** Bytes. */
  readonly bufferLimit: number;
  readonly allowedSettings: readonly string[] | undefined;
  readonly allowedStreams: readonly string[] | undefined;
  readonly allowedMirrors: readonly string[] | undefined;
  readonly allowedUploads: readonly string[] | undefined;
}

/**
 * The environment variables of the sidecar that hold it, by the keys of `agent:` in sidecarconfig.yaml. Lists are
 * separated by spaces, which no item has; an empty one allows nothing. What is called upload… says how uploads reach
 * the network, and is no bound.
 */
export const platformEnvironment = {
  maxBufferSize: 'PACKET_CAPTURE_BUFFER_LIMIT',
  allowedSettings: 'PACKET_CAPTURE_ALLOWED_SETTINGS',
  allowedStreams: 'PACKET_CAPTURE_ALLOWED_STREAMS',
  allowedMirrors: 'PACKET_CAPTURE_ALLOWED_MIRRORS',
  allowedUploads: 'PACKET_CAPTURE_ALLOWED_UPLOADS',
  uploadProxy: 'PACKET_CAPTURE_UPLOAD_PROXY',
  uploadNoProxy: 'PACKET_CAPTURE_UPLOAD_NO_PROXY',
} as const;

export type PlatformKey = keyof typeof platformEnvironment;

/** As the agent reads it: agent/internal/settings/platform.go. @param environment of the container */
export function platformOf(environment: Readonly<Record<string, string | undefined>>): Platform {
  const list = (name: string): readonly string[] | undefined =>
    environment[name]?.split(/\s+/).filter((item) => item !== '');
  const limit = parseQuantity(environment[platformEnvironment.maxBufferSize] ?? '') ?? bounds.defaultBufferLimit;
  return {
    defaults: Object.fromEntries(
      settings.map(({ name, default: value }) => [name, environment[settingEnvironment(name)] || value]),
    ),
    bufferLimit: Math.min(limit, bounds.largestBufferLimit),
    allowedSettings: list(platformEnvironment.allowedSettings),
    allowedStreams: list(platformEnvironment.allowedStreams),
    allowedMirrors: list(platformEnvironment.allowedMirrors),
    allowedUploads: list(platformEnvironment.allowedUploads),
  };
}
