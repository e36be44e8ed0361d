/** Collects the pieces of a text, and returns it in batches of whole documents. */
export interface Batches {
  /** Adds a piece. @returns a batch of complete documents, if it is large enough */
  add(piece: string): string | undefined;
  /** The rest after the last piece; may be empty. */
  rest(): string;
}

/** Characters of a batch, and of the pieces of which it consists. */
export const shortRun = 16_384;

/**
 * @param size of a batch in characters; one with a longer document is longer. Batches are short, so that everything
 * made from one is garbage before V8 moves it to the old generation.
 */
export function createBatches(size = shortRun): Batches {
  let pending = '';
  let enough = size;
  return {
    add(piece) {
      pending += piece;
      if (pending.length < enough) return undefined;
      const cut = lastBoundary(pending);
      // The next search is at twice the length, so that a long document is not searched again and again.
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
 * Offset of the last `---` that certainly ends the document before it, or 0. Text between a `...` and a `---`, or
 * before the first `---`, may be directives of the next document.
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
    // A piece may end within a line.
    if (/\s/.test(text.charAt(at + 4))) return at + 1;
  }
  return -1;
}
