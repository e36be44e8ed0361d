import { parseQuantity } from '../quantity.ts';
import { allowedLists, forAllowed, type AllowedItems } from './allowedLists.ts';
import { settingEnvironment } from './annotations.ts';
import { bounds } from './bounds.ts';
import { standingSettings, type SettingValues } from './table.ts';
import { agentVariables } from './variables.ts';

/**
 * What a release allows: the size of the kernel's buffer, the destinations of packets, and the settings that
 * annotations may change. An undefined list, or a list with `*`, allows everything.
 */
export interface Platform extends AllowedItems {
  /** The release's settings, which annotations override. These values are always allowed. */
  readonly defaults: SettingValues;
  /** Bytes. */
  readonly bufferLimit: number;
}

/**
 * The environment variables of the sidecar that contain it, by the keys of `agent:` in sidecarconfig.yaml. The items of
 * a list are separated by spaces, which no item contains; an empty list allows nothing. The keys upload… are not
 * limits: they describe how uploads reach the network.
 */
export const platformEnvironment = {
  maxBufferSize: agentVariables.bufferLimit,
  ...forAllowed((key) => allowedLists[key].environment),
  uploadProxy: agentVariables.uploadProxy,
  uploadNoProxy: agentVariables.uploadNoProxy,
} as const;

/** The key in `agent:` of something that the sidecar gets as an environment variable of its own. */
export type PlatformKey = keyof typeof platformEnvironment;

/**
 * Reads what a release allows, as the agent does (agent/internal/settings/platform.go).
 * @param environment of the container
 */
export function platformOf(environment: Readonly<Record<string, string | undefined>>): Platform {
  const list = (name: string): readonly string[] | undefined =>
    environment[name]?.split(/\s+/).filter((item) => item !== '');
  const limit = parseQuantity(environment[platformEnvironment.maxBufferSize] ?? '') ?? bounds.defaultBufferLimit;
  return {
    defaults: Object.fromEntries(
      standingSettings.map(({ name, default: value }) => [name, environment[settingEnvironment(name)] || value]),
    ),
    bufferLimit: Math.min(limit, bounds.largestBufferLimit),
    ...forAllowed((key) => list(platformEnvironment[key])),
  };
}
