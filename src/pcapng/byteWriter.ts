/** Collects bytes in one piece that grows. */
export interface ByteWriter {
  readonly length: number;
  /** Room for the next bytes, all zero. It holds until the next call. */
  room(count: number): { readonly view: DataView; readonly bytes: Uint8Array };
  /** What is written so far; the next room is in a new piece. */
  take(): Uint8Array;
}

const nothing = new Uint8Array(0);

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
