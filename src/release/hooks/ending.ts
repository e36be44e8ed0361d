/** How a signal ends a program that has something to take away before. */
export interface Ending {
  /** Aborted once the signal has come. */
  readonly signal: AbortSignal;
  /** The program does not end before this is settled; it is to hurry once {@link signal} is aborted. */
  readonly hold: <T>(work: Promise<T>) => Promise<T>;
}

/** Nothing ends it. */
export const endless: Ending = { signal: new AbortController().signal, hold: async (work) => work };
