/** Garbage is collected after so many bytes, at most once in `everyMs`. */
const worthBytes = 8 * 1024 * 1024;
const everyMs = 1000;

/** About what a closed connection leaves in memory. */
export const connectionBytes = 48 * 1024;

/**
 * Counts bytes that are no longer used, and starts a garbage collection when there are many. The chunks of bodies are
 * outside of V8's heap and do not count for its own schedule: a server that is idle after an attack allocates nothing,
 * so V8 would keep them.
 * @param collect starts a garbage collection
 * @returns call it with the number of bytes that are no longer used
 */
export function countGarbage(collect: () => void): (bytes: number) => void {
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;
  return (more) => {
    bytes += more;
    if (bytes < worthBytes || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      bytes = 0;
      collect();
    }, everyMs).unref();
  };
}
