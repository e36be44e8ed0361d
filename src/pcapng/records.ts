import { type CaptureOption, optionText, optionValue } from './options.ts';
import { microseconds, readResolution, type TimeResolution } from './resolution.ts';

/** A new section: what was said of interfaces before holds no more. */
export interface CaptureSection {
  readonly type: 'section';
  readonly options: readonly CaptureOption[];
}

export interface CaptureInterface {
  readonly type: 'interface';
  /** A LINKTYPE_ number of tcpdump.org. */
  readonly linkType: number;
  /** Bytes kept of each packet; 0: all. */
  readonly snaplen: number;
  readonly options: readonly CaptureOption[];
  /** What the options say. */
  readonly resolution: TimeResolution;
  readonly name: string | undefined;
  readonly description: string | undefined;
}

export interface CapturePacket {
  readonly type: 'packet';
  readonly interface: CaptureInterface;
  /** In the interface's own resolution; 0 for a simple packet block, which has no time. */
  readonly ticks: bigint;
  /** On the wire; `data` may be shorter. */
  readonly originalLength: number;
  readonly data: Uint8Array;
  readonly options: readonly CaptureOption[];
}

export interface InterfaceStatistics {
  readonly type: 'statistics';
  readonly interface: CaptureInterface;
  readonly ticks: bigint;
  readonly options: readonly CaptureOption[];
}

/** Names of addresses: each entry's code is the type of the name resolution record. */
export interface CaptureNames {
  readonly type: 'names';
  readonly entries: readonly CaptureOption[];
  readonly options: readonly CaptureOption[];
}

/** Keys for the decryption of packets that follow. */
export interface CaptureSecrets {
  readonly type: 'secrets';
  readonly secretsType: number;
  readonly data: Uint8Array;
  readonly options: readonly CaptureOption[];
}

/** A block that is not understood here. Its numbers are as the file had them. */
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

/** Codes of an interface's options. */
export const interfaceOptions = {
  name: 2,
  description: 3,
  resolution: 9,
  filter: 11,
  system: 12,
  fcsLength: 13,
  offset: 14,
} as const;

/** An interface with what its options say of its name and its time. */
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
