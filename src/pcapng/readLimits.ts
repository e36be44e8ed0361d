import { largestBlock } from './blockTypes.ts';
import type { CaptureOption } from './options.ts';
import { interfaceOptions } from './records.ts';

/** Limits on one source. Its bytes are not trusted, and they are in memory while they are read. */
export interface ReaderLimits {
  /** The largest block, in bytes. */
  readonly largestBlock: number;
  /** The most interfaces, in all sections together. */
  readonly mostInterfaces: number;
  /** Whether to keep only the known options of an interface, each once. */
  readonly leanInterfaces: boolean;
}

/** Limits for the user's own files, the same as Wireshark's. */
export const fileLimits: ReaderLimits = {
  largestBlock,
  mostInterfaces: Number.POSITIVE_INFINITY,
  leanInterfaces: false,
};

/**
 * Limits for what a pod sends, because a hundred pods may send at a time: a packet has at most 262,144 bytes
 * (MAXIMUM_SNAPLEN of libpcap), and a pod has few interfaces.
 */
export const podLimits: ReaderLimits = { largestBlock: 1024 * 1024, mostInterfaces: 256, leanInterfaces: true };

/** How many bytes of each option are kept; numbers are kept whole. */
const keptBytes: Readonly<Record<number, number>> = {
  [interfaceOptions.name]: 256,
  [interfaceOptions.description]: 1024,
  [interfaceOptions.resolution]: 1,
  [interfaceOptions.filter]: 4096,
  [interfaceOptions.system]: 256,
  [interfaceOptions.fcsLength]: 1,
  [interfaceOptions.offset]: 8,
};

/** Copies the options to keep: a view of a few bytes would hold the whole chunk in memory. */
export function leanOptions(options: readonly CaptureOption[]): CaptureOption[] {
  return Object.entries(keptBytes).flatMap(([code, most]) => {
    const option = options.find((one) => one.code === Number(code));
    return option === undefined ? [] : [{ code: option.code, value: option.value.slice(0, most) }];
  });
}
