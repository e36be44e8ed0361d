/**
 * Beginnings of messages whose rest is still to come, for all connections together: there is room for a number of
 * bytes, and when it is used up, the oldest beginnings are given up.
 */
export interface HeldBytes {
  /**
   * Adds bytes to what is held for an owner.
   * @returns all of them; undefined when the beginning was given up
   */
  add(owner: HeldOwner, bytes: Uint8Array, start: number, end: number): Uint8Array | undefined;
  /** Gives the room back. */
  drop(owner: HeldOwner): void;
}

/** Who holds bytes: one direction of a connection. */
export interface HeldOwner {
  /** How many bytes are held for it. */
  have: number;
}

/** @param most bytes that are held at a time */
export function createHeldBytes(most: number): HeldBytes {
  /** The oldest first. */
  const buffers = new Map<HeldOwner, Uint8Array>();
  let sum = 0;
  const drop = (owner: HeldOwner): void => {
    sum -= buffers.get(owner)?.length ?? 0;
    buffers.delete(owner);
  };
  return {
    drop(owner) {
      drop(owner);
      owner.have = 0;
    },
    add(owner, bytes, start, end) {
      let buffer = buffers.get(owner);
      if (buffer === undefined && owner.have > 0) return undefined;
      const wanted = owner.have + end - start;
      if (buffer === undefined || buffer.length < wanted) {
        const larger = new Uint8Array(buffer === undefined ? wanted : wanted * 2);
        if (buffer !== undefined) larger.set(buffer.subarray(0, owner.have));
        drop(owner);
        buffer = larger;
        buffers.set(owner, buffer);
        sum += buffer.length;
        for (const oldest of buffers.keys()) {
          if (sum <= most || oldest === owner) break;
          drop(oldest);
        }
      }
      buffer.set(bytes.subarray(start, end), owner.have);
      owner.have = wanted;
      return buffer.subarray(0, wanted);
    },
  };
}
