/** A queue of bytes: they arrive in chunks of any size, and whole blocks are taken out. */
export interface ByteQueue {
  readonly length: number;
  push(chunk: Uint8Array): void;
  /** Reads the first bytes and leaves them in the queue. Call it only when `length` is at least `count`. */
  peek(count: number): DataView;
  /**
   * Takes the first bytes out, as a view that is not written to again. Call it only when `length` is at least `count`.
   */
  take(count: number): Uint8Array;
}

/**
 * Makes an empty queue. A block within one chunk is not copied. Memory grows with the bytes that have arrived, never
 * with the length that a block claims.
 */
export function createByteQueue(): ByteQueue {
  let bytes = new Uint8Array(0);
  let start = 0;
  let end = 0;
  /** Whether `bytes` is a copy: only then may there be room after `end`. */
  let owned = false;
  return {
    get length() {
      return end - start;
    },
    push(chunk) {
      if (start === end) {
        bytes = chunk as Uint8Array<ArrayBuffer>;
        start = 0;
        end = chunk.length;
        owned = false;
        return;
      }
      const needed = end - start + chunk.length;
      if (bytes.length - end < chunk.length) {
        // From the second copy on, double the room: a block of many small chunks is then copied only a few times.
        const room = new Uint8Array(owned ? needed * 2 : needed);
        room.set(bytes.subarray(start, end));
        bytes = room;
        end -= start;
        start = 0;
        owned = true;
      }
      bytes.set(chunk, end);
      end += chunk.length;
    },
    peek(count) {
      return new DataView(bytes.buffer, bytes.byteOffset + start, count);
    },
    take(count) {
      const taken = bytes.subarray(start, start + count);
      start += count;
      return taken;
    },
  };
}
