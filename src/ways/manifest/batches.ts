/** Collects the pieces of a text and hands it out again in runs of whole documents. */
export interface Batches {
  /** @returns the documents that are complete, once there is enough of them */
  add(piece: string): string | undefined;
  /** What is left when the last piece was added; may be empty. */
  rest(): string;
}

/** Characters of a run, and of the pieces that it is made of. */
export const shortRun = 16_384;

/**
 * @param size of a run in characters; one that holds a longer document is longer. Runs are short so that all that is
 * made of one is garbage before V8 takes it for long-lived, or too large for the space that it collects often.
 */
export function createBatches(size = shortRun): Batches {
  let pending = '';
  let enough = size;
  return {
    add(piece) {
      pending += piece;
      if (pending.length < enough) return undefined;
      const cut = lastBoundary(pending);
      // Looked for again when there is twice as much: a long document is not searched over and over.
      enough = cut === 0 ? pending.length * 2 : size;
      const batch = pending.slice(0, cut);
      pending = pending.slice(cut);
      return cut === 0 ? undefined : batch;
    },
    rest() {
      const batch = pending;
      pending = '';
      return batch;
    },
  };
}

/**
 * Offset of the last `---` that surely ends the document before it, or 0. What stands between a `...` and a `---` may
 * be the directives of the document behind, and so may what stands before the first `---`.
 */
function lastBoundary(text: string): number {
  let marker = markerBefore(text, text.length);
  while (marker > 0) {
    const previous = markerBefore(text, marker);
    if (previous === -1) return 0;
    if (text.lastIndexOf('\n...', marker - 2) < previous) return marker;
    marker = previous;
  }
  return 0;
}

/** Offset of the last line before `end` that begins with `---` and white space, or -1. */
function markerBefore(text: string, end: number): number {
  let at = end;
  while (at > 0) {
    at = text.lastIndexOf('\n---', at - 2);
    if (at === -1) return /^\uFEFF?---\s/.test(text) && end > 4 ? 0 : -1;
    // A piece may end amid a line.
    if (/\s/.test(text.charAt(at + 4))) return at + 1;
  }
  return -1;
}
