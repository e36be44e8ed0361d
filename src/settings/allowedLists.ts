import { settings, type SettingName } from './table.ts';

/** A list by which a release limits what annotations may ask for. `*` allows everything. */
export interface AllowedList {
  /** The destination whose values it limits; absent for the list of settings. */
  readonly setting?: SettingName;
  /** The environment variable of the sidecar that contains it. */
  readonly environment: string;
  /** One item, as a regular expression that is valid in RE2 too. */
  readonly pattern: string;
  /** What an item is that the pattern does not match. */
  readonly invalid: string;
  /** One line for the values of the chart. */
  readonly text: string;
}

const host = String.raw`([*]|([*][.])?[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])`;
const names = settings.map(({ name }) => name);
const endpoint = {
  pattern: `^([*]|${host}:([1-9][0-9]{0,4}|[*]))$`,
  invalid: 'neither HOST:PORT nor a pattern such as *.example:57012',
};

/**
 * The lists, by their keys in `agent:` of sidecarconfig.yaml and in the values of the chart, which both follow from
 * this table. What an item matches is decided in allowed.ts, and by the agent in agent/internal/settings/allowed.go.
 */
export const allowedLists = {
  allowedSettings: {
    environment: 'PACKET_CAPTURE_ALLOWED_SETTINGS',
    pattern: `^([*]|${names.join('|')})$`,
    invalid: `not a setting; the settings are ${names.join(', ')}`,
    text: 'the settings that annotations of a pod may change; [*]: all',
  },
  allowedStreams: {
    setting: 'stream',
    environment: 'PACKET_CAPTURE_ALLOWED_STREAMS',
    ...endpoint,
    text: 'the destinations that `stream` may send packets to: HOST:PORT or *.DOMAIN:PORT; PORT may be *; [*]: all, []: none',
  },
  allowedMirrors: {
    setting: 'mirror',
    environment: 'PACKET_CAPTURE_ALLOWED_MIRRORS',
    ...endpoint,
    text: 'the destinations that `mirror` may send packets to, written as those of `stream`',
  },
  allowedUploads: {
    setting: 'upload',
    environment: 'PACKET_CAPTURE_ALLOWED_UPLOADS',
    pattern: '^([*]|[A-Za-z0-9_.+@][A-Za-z0-9_.+@-]*:([!-~]*))$',
    invalid: 'neither REMOTE:PATH nor a pattern such as s3:captures/*',
    text: 'the destinations that `upload` may send files to: REMOTE:PATH, where * at the end matches any rest; [*]: all, []: none',
  },
} as const satisfies Readonly<Record<string, AllowedList>>;

/** The key of a list of what a release allows. */
export type AllowedKey = keyof typeof allowedLists;

/** The keys of the lists, in their order. */
export const allowedKeys = Object.keys(allowedLists) as readonly AllowedKey[];

/** The lists of a release; undefined allows everything. */
export type AllowedItems = Readonly<Record<AllowedKey, readonly string[] | undefined>>;

/** One value for each list. */
export function forAllowed<T>(valueOf: (key: AllowedKey) => T): Readonly<Record<AllowedKey, T>> {
  return Object.fromEntries(allowedKeys.map((key) => [key, valueOf(key)])) as Record<AllowedKey, T>;
}
