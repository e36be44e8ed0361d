/** How a setting's value is written; one parser and one JSON schema per type. */
export type SettingType =
  | 'state'
  | 'text'
  | 'interfaces'
  | 'bytes'
  | 'buffer'
  | 'count'
  | 'snaplen'
  | 'duration'
  | 'remote'
  | 'endpoint'
  | 'mirror'
  | 'keep'
  | 'port';

/**
 * A row of the table of settings. Flags, annotations, the chart's values and the agent's table follow from it. Written
 * by hand for each setting: its field in agent/internal/settings/types.go, its line in
 * agent/internal/settings/parse.go, and its values in test/support/settingValues.ts. CONTRIBUTING.md has the steps
 * ("Add a setting").
 */
export interface Setting {
  /** The name of the flag, and the part of the annotation's key after the slash. */
  readonly name: string;
  readonly type: SettingType;
  /** As a user writes it; the empty string means no default. */
  readonly default: string;
  /** The placeholder of the value in help texts. */
  readonly placeholder: string;
  /** One line of help. */
  readonly text: string;
  /** Packets go there besides the volume: if the value is not valid, the capture goes on without it. */
  readonly destination?: true;
  /**
   * Each value is done once, when the agent first sees it. It is set by annotation alone: it has no flag of inject, and
   * no default in a release.
   */
  readonly action?: true;
  /** If the value is not valid, the capture goes on without it. */
  readonly harmless?: true;
}

/**
 * The settings: flags, annotations, the sidecar's settings volume, the chart's values and schema, and the docs are
 * derived from this table. Every listing has its order.
 */
export const settings = [
  {
    name: 'state',
    type: 'state',
    default: 'running',
    placeholder: 'running|idle',
    text: 'running captures; idle closes the file and waits at no cost',
  },
  {
    name: 'filter',
    type: 'text',
    default: '',
    placeholder: 'EXPRESSION',
    text: 'pcap-filter expression, for example "tcp port 80"; an invalid one captures nothing',
  },
  {
    name: 'interfaces',
    type: 'interfaces',
    default: 'all',
    placeholder: 'NAMES',
    text: 'interface names, comma separated; all: every interface that is up, except lo; any: lo too, as all,lo',
  },
  {
    name: 'snaplen',
    type: 'snaplen',
    default: '0',
    placeholder: 'BYTES|headers',
    text: 'bytes kept of each packet; 0: whole packets; headers: link, network and transport headers, and no payload',
  },
  {
    name: 'file-size',
    type: 'bytes',
    default: '16Mi',
    placeholder: 'QUANTITY',
    text: 'a file is closed at this size',
  },
  {
    name: 'file-count',
    type: 'count',
    default: '8',
    placeholder: 'N',
    text: 'files kept in the ring; the oldest goes first',
  },
  {
    name: 'rotate',
    type: 'duration',
    default: '60s',
    placeholder: 'DURATION',
    text: 'a file is closed after this time, with or without packets',
  },
  {
    name: 'duration',
    type: 'duration',
    default: '',
    placeholder: 'DURATION',
    text: 'idle after this time',
  },
  {
    name: 'packet-count',
    type: 'count',
    default: '',
    placeholder: 'N',
    text: 'idle after this many packets',
  },
  {
    name: 'buffer-size',
    type: 'buffer',
    default: '4Mi',
    placeholder: 'QUANTITY',
    text: "the kernel's packet buffer per interface; at most 64Mi, unless the release allows more",
  },
  {
    name: 'upload',
    type: 'remote',
    default: '',
    destination: true,
    placeholder: 'REMOTE',
    text: 'an rclone destination for closed files, for example s3:bucket/prefix',
  },
  {
    name: 'stream',
    type: 'endpoint',
    default: '',
    destination: true,
    placeholder: 'HOST:PORT',
    text: 'PCAP-over-IP push to a collector',
  },
  {
    name: 'mirror',
    type: 'mirror',
    default: '',
    destination: true,
    placeholder: 'URL',
    text: 'live copy of the traffic, for example vxlan://host:4789?vni=42; privileged namespaces only, set before the pod is created',
  },
  {
    name: 'keep',
    type: 'keep',
    default: '',
    action: true,
    harmless: true,
    placeholder: 'DURATION|FROM/TO [REASON]',
    text: 'keep the files of the last DURATION, or of a time window, until the pod is deleted; done once for each value',
  },
  {
    name: 'keep-size',
    type: 'bytes',
    default: '64Mi',
    harmless: true,
    placeholder: 'QUANTITY',
    text: 'room for kept files, next to the ring',
  },
  {
    name: 'keep-on-exit',
    type: 'duration',
    default: '',
    harmless: true,
    placeholder: 'DURATION',
    text: 'keep the last DURATION when the pod is deleted, and upload it first',
  },
  {
    name: 'keep-port',
    type: 'port',
    default: '',
    harmless: true,
    placeholder: 'PORT',
    text: 'port on 127.0.0.1 and ::1 where the apps of the pod may ask to keep files: POST /keep?last=10m',
  },
] as const satisfies readonly Setting[];

/** The name of a setting, as in `packet-capture/NAME`. */
export type SettingName = (typeof settings)[number]['name'];

/** The settings that are done once, see {@link Setting.action}. */
export type ActionName = Extract<(typeof settings)[number], { readonly action: true }>['name'];

/** The settings that a release has defaults for, and `inject` flags. */
export type StandingName = Exclude<SettingName, ActionName>;

/** The settings without actions, in the order of the table. */
export const standingSettings: readonly (Setting & { readonly name: StandingName })[] = settings.filter(
  (setting): setting is Exclude<(typeof settings)[number], { readonly action: true }> => !('action' in setting),
);

/** Values as the user wrote them, by setting. An absent setting has its default. */
export type SettingValues = Readonly<Partial<Record<SettingName, string>>>;

/** Whether the setting sends packets somewhere besides the volume. */
export function isDestination(name: string): boolean {
  return findSetting(name)?.destination === true;
}

/** Whether the capture goes on when the value of the setting is not valid. */
export function isHarmless(name: string): boolean {
  return isDestination(name) || findSetting(name)?.harmless === true;
}

/** The row of a setting, or undefined for an unknown name. */
export function findSetting(name: string): (Setting & { readonly name: SettingName }) | undefined {
  return settings.find((setting) => setting.name === name);
}
