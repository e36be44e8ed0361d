import { largestBlock } from './blockTypes.ts';
import type { CaptureOption } from './options.ts';
import { interfaceOptions } from './records.ts';

/** What a reader takes of one source: what is read here was written by others, and stays in memory while it is read. */
export interface ReaderLimits {
  /** Bytes. */
  readonly largestBlock: number;
  /** In all sections together. */
  readonly mostInterfaces: number;
  /** Of an interface, only the options that say something here are kept, each once. */
  readonly leanInterfaces: boolean;
}

/** For the user's own files: what Wireshark takes, too. */
export const fileLimits: ReaderLimits = {
  largestBlock,
  mostInterfaces: Number.POSITIVE_INFINITY,
  leanInterfaces: false,
};

/**
 * For what a pod sends, a hundred of them at a time: a packet has at most 262,144 bytes (MAXIMUM_SNAPLEN of libpcap),
 * and a pod some interfaces.
 */
export const podLimits: ReaderLimits = { largestBlock: 1024 * 1024, mostInterfaces: 256, leanInterfaces: true };

/** Bytes that are kept of an option; of numbers all. */
const keptBytes: Readonly<Record<number, number>> = {
  [interfaceOptions.name]: 256,
  [interfaceOptions.description]: 1024,
  [interfaceOptions.resolution]: 1,
  [interfaceOptions.filter]: 4096,
  [interfaceOptions.system]: 256,
  [interfaceOptions.fcsLength]: 1,
  [interfaceOptions.offset]: 8,
};

/** Copies: else an option of a few bytes would keep the whole piece that it came in. Pure. */
export function leanOptions(options: readonly CaptureOption[]): CaptureOption[] {
  return Object.entries(keptBytes).flatMap(([code, most]) => {
    const option = options.find((one) => one.code === Number(code));
    return option === undefined ? [] : [{ code: option.code, value: option.value.slice(0, most) }];
  });
}
