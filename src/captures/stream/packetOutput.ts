/** The output of the stream: writes one piece after the other. */
export interface Output {
  /** Resolves when the piece is written, or writing has failed. */
  put(bytes: Uint8Array): Promise<void>;
  /** The piece that is being written. */
  readonly writing: Promise<void> | undefined;
  /** The error of writing; after it every piece is thrown away. */
  readonly error: unknown;
}

/** Makes an output. @param onError called at the first failure */
export function createOutput(write: (bytes: Uint8Array) => Promise<void>, onError: () => void): Output {
  let writing: Promise<void> | undefined;
  let failure: unknown;
  return {
    get writing() {
      return writing;
    },
    get error() {
      return failure;
    },
    async put(bytes) {
      if (bytes.length === 0 || failure !== undefined) return;
      writing = write(bytes).catch((error: unknown) => {
        failure = error;
        onError();
      });
      await writing;
      writing = undefined;
    },
  };
}
