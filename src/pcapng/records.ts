import { type CaptureOption, optionText, optionValue } from './options.ts';
import { microseconds, readResolution, type TimeResolution } from './resolution.ts';

/** The start of a new section: interfaces described before are no longer valid. */
export interface CaptureSection {
  readonly type: 'section';
  readonly options: readonly CaptureOption[];
}

/** An Interface Description Block, or the header of a classic pcap. */
export interface CaptureInterface {
  readonly type: 'interface';
  /** A LINKTYPE_ number, as tcpdump.org lists them. */
  readonly linkType: number;
  /** Bytes kept of each packet; 0 means all. */
  readonly snaplen: number;
  readonly options: readonly CaptureOption[];
  /** Read from the options, like name and description. */
  readonly resolution: TimeResolution;
  readonly name: string | undefined;
  readonly description: string | undefined;
}

/** An Enhanced or Simple Packet Block, or a packet of a classic pcap. */
export interface CapturePacket {
  readonly type: 'packet';
  readonly interface: CaptureInterface;
  /** The timestamp in the interface's resolution; 0 for a simple packet block, which has no time. */
  readonly ticks: bigint;
  /** Bytes on the wire; `data` may be shorter. */
  readonly originalLength: number;
  readonly data: Uint8Array;
  readonly options: readonly CaptureOption[];
}

/** An Interface Statistics Block; its counts are options. `ticks` is in the interface's resolution. */
export interface InterfaceStatistics {
  readonly type: 'statistics';
  readonly interface: CaptureInterface;
  readonly ticks: bigint;
  readonly options: readonly CaptureOption[];
}

/** Names of addresses: the code of each entry is the type of its name resolution record. */
export interface CaptureNames {
  readonly type: 'names';
  readonly entries: readonly CaptureOption[];
  readonly options: readonly CaptureOption[];
}

/** Keys to decrypt the packets that follow. */
export interface CaptureSecrets {
  readonly type: 'secrets';
  readonly secretsType: number;
  readonly data: Uint8Array;
  readonly options: readonly CaptureOption[];
}

/** A block whose type is not decoded. Its numbers are in the file's byte order. */
export interface UnknownBlock {
  readonly type: 'unknown';
  readonly blockType: number;
  readonly little: boolean;
  readonly body: Uint8Array;
}

export type CaptureRecord =
  | CaptureSection
  | CaptureInterface
  | CapturePacket
  | InterfaceStatistics
  | CaptureNames
  | CaptureSecrets
  | UnknownBlock;

/** The codes of an interface's options. */
export const interfaceOptions = {
  name: 2,
  description: 3,
  resolution: 9,
  filter: 11,
  system: 12,
  fcsLength: 13,
  offset: 14,
} as const;

/** Makes an interface and reads its name, description and time resolution from its options. */
export function makeInterface(linkType: number, snaplen: number, options: readonly CaptureOption[]): CaptureInterface {
  return {
    type: 'interface',
    linkType,
    snaplen,
    options,
    resolution: resolutionOf(options),
    name: optionText(options, interfaceOptions.name),
    description: optionText(options, interfaceOptions.description),
  };
}

function resolutionOf(options: readonly CaptureOption[]): TimeResolution {
  const octet = optionValue(options, interfaceOptions.resolution)?.[0];
  const offset = optionValue(options, interfaceOptions.offset);
  if (octet === undefined && offset === undefined) return microseconds;
  const seconds = offset?.length === 8 ? new DataView(offset.buffer, offset.byteOffset, 8).getBigInt64(0, true) : 0n;
  return readResolution(octet ?? microseconds.exponent, seconds);
}
