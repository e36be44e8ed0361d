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
  | 'mirror';

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
] as const satisfies readonly Setting[];

export type SettingName = (typeof settings)[number]['name'];

/** Values as the user wrote them, by setting. An absent setting has its default. */
export type SettingValues = Readonly<Partial<Record<SettingName, string>>>;

/** Whether the setting sends packets somewhere besides the volume. */
export function isDestination(name: string): boolean {
  return findSetting(name)?.destination === true;
}

/** The row of a setting, or undefined for an unknown name. */
export function findSetting(name: string): (Setting & { readonly name: SettingName }) | undefined {
  return settings.find((setting) => setting.name === name);
}
