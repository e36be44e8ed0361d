import { isCodedError } from '../errors.ts';
import { blockTypes } from './blockTypes.ts';
import { createByteQueue, type ByteQueue } from './byteQueue.ts';
import { captureError, captureErrorAt } from './captureError.ts';
import { isPcap, pcapHeaderLength, takePcapHeader, takePcapPacket } from './pcap.ts';
import { fileLimits, type ReaderLimits } from './readLimits.ts';
import type { CaptureRecord } from './records.ts';
import { takeBlock } from './takeBlock.ts';

const nothing = new Uint8Array(0);

/** How an input ended that does not end with a whole block. */
export interface Truncation {
  /** The bytes of the block that is not whole; 0 for an empty input. */
  readonly bytesLeft: number;
}

/** Reads a capture in pieces of any size, pcapng or classic pcap. */
export interface CaptureReader {
  /**
   * Adds bytes and yields the records that are whole now. Take all of them before the next call.
   * @throws CAPTURE_INVALID after the records before the invalid block; then nothing more can be read
   */
  push(chunk: Uint8Array): Generator<CaptureRecord, void>;
  /**
   * The bytes from which the last record was read, as the source has them; none for the interface of a classic pcap,
   * which its header describes.
   */
  readonly taken: Uint8Array;
  /** Whole blocks that somebody else has read: errors name the place in the whole input. */
  passed(bytes: number): void;
  /** Call it at the end of the input; undefined when the last block is whole. */
  end(): Truncation | undefined;
}

/**
 * Reads pcapng, and classic pcap as a section with one interface, from chunks of any size. The records' bytes are views
 * of the chunks: do not write to those.
 * @param source the name of the source, for errors
 */
export function createCaptureReader(source: string, limits: ReaderLimits = fileLimits): CaptureReader {
  const queue = createByteQueue();
  let taken: Uint8Array = nothing;
  const recording: ByteQueue = {
    get length() {
      return queue.length;
    },
    push: (chunk) => queue.push(chunk),
    peek: (count) => queue.peek(count),
    take: (count) => (taken = queue.take(count)),
  };
  let pushed = 0;
  let next: Taker | undefined;
  return {
    *push(chunk) {
      queue.push(chunk);
      pushed += chunk.length;
      let offset = pushed - queue.length;
      try {
        next ??= detect(queue, limits);
        for (;;) {
          taken = nothing;
          const record = next?.(recording);
          if (record === undefined) return;
          yield record;
          offset = pushed - queue.length;
        }
      } catch (error) {
        throw isCodedError(error) ? captureErrorAt(error, source, offset) : error;
      }
    },
    get taken() {
      return taken;
    },
    passed(bytes) {
      pushed += bytes;
    },
    end: () => (queue.length > 0 || next === undefined ? { bytesLeft: queue.length } : undefined),
  };
}

/**
 * Reads the records of a finished capture file. A block that is not whole at its end is left out.
 * @throws CAPTURE_INVALID after the records before the invalid block
 */
export async function* readCapture({
  name,
  data,
}: {
  readonly name: string;
  readonly data: AsyncIterable<Uint8Array>;
}): AsyncGenerator<CaptureRecord, void> {
  const reader = createCaptureReader(name);
  for await (const chunk of data) yield* reader.push(chunk);
}

/** Takes the first record from the queue; undefined until it is whole. */
type Taker = (queue: ByteQueue) => CaptureRecord | undefined;

/** The reader for the format of the first four bytes; undefined until they are there. */
function detect(queue: ByteQueue, limits: ReaderLimits): Taker | undefined {
  if (queue.length < 4) return undefined;
  const head = queue.peek(4);
  if (head.getUint32(0, true) === blockTypes.section) {
    const format = { section: undefined, described: 0, limits };
    return (bytes) => takeBlock(bytes, format);
  }
  if (isPcap(head)) return pcapTaker(limits);
  throw captureError('the data is neither pcapng nor pcap');
}

function pcapTaker({ largestBlock }: ReaderLimits): Taker {
  let format: ReturnType<typeof takePcapHeader> | undefined;
  let described = false;
  return (queue) => {
    if (format === undefined) {
      if (queue.length < pcapHeaderLength) return undefined;
      format = takePcapHeader(queue);
      return { type: 'section', options: [] };
    }
    if (described) return takePcapPacket(queue, format, largestBlock);
    described = true;
    return format.interface;
  };
}
