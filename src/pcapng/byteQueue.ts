/** Bytes that arrive in pieces of any size and are taken in blocks. */
export interface ByteQueue {
  readonly length: number;
  push(chunk: Uint8Array): void;
  /** The first bytes, which stay; call it only when there are that many. */
  peek(count: number): DataView;
  /** Takes the first bytes out: a view that nothing writes to any more. Call it only when there are that many. */
  take(count: number): Uint8Array;
}

/**
 * A block that lies within one piece is not copied. What is held grows with what has arrived, never with a length that
 * a block claims to have.
 */
export function createByteQueue(): ByteQueue {
  let bytes = new Uint8Array(0);
  let start = 0;
  let end = 0;
  /** Whether `bytes` is a copy: only then may there be room behind `end`. */
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
        // Twice as much from the second time on: a block of many small pieces is copied a few times only.
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
