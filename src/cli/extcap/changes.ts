/** Values that replace each other: who reads slowly gets the latest alone. */
export interface Changes<T> extends AsyncIterable<T> {
  readonly put: (value: T) => void;
}

/** A queue of one place, which one reader follows. */
export function createChanges<T>(): Changes<T> {
  let waiting: { readonly value: T } | undefined;
  let arrived = Promise.withResolvers<void>();
  return {
    put: (value) => {
      waiting = { value };
      arrived.resolve();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        await arrived.promise;
        arrived = Promise.withResolvers();
        const next = waiting;
        waiting = undefined;
        if (next !== undefined) yield next.value;
      }
    },
  };
}
