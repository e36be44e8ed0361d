/** Collects bytes in one buffer that grows. */
export interface ByteWriter {
  readonly length: number;
  /** Returns `count` zero bytes at the end, to be filled in. They are valid until the next call. */
  room(count: number): { readonly view: DataView; readonly bytes: Uint8Array };
  /** Returns all bytes written so far and starts a new buffer. */
  take(): Uint8Array;
}

const nothing = new Uint8Array(0);

/** @param initial bytes to allocate at first, and again after each {@link ByteWriter.take} */
export function createByteWriter(initial = 4096): ByteWriter {
  let bytes = new Uint8Array(initial);
  let length = 0;
  return {
    get length() {
      return length;
    },
    room(count) {
      if (length + count > bytes.length) {
        const larger = new Uint8Array(Math.max(bytes.length * 2, length + count));
        larger.set(bytes.subarray(0, length));
        bytes = larger;
      }
      const at = length;
      length += count;
      return { view: new DataView(bytes.buffer, at, count), bytes: bytes.subarray(at, length) };
    },
    take() {
      if (length === 0) return nothing;
      const taken = bytes.subarray(0, length);
      bytes = new Uint8Array(initial);
      length = 0;
      return taken;
    },
  };
}
