/** After so much, and not more often than once in `everyMs`. */
const worthBytes = 8 * 1024 * 1024;
const everyMs = 1000;

/** What a connection leaves behind, about. */
export const connectionBytes = 48 * 1024;

/**
 * Counts what was given up, and has it collected soon when it is much. The pieces of bodies lie outside of V8's heap:
 * V8 takes no notice of them before it has as many objects of its own again, and a server that is left in peace after
 * an attack makes none.
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
