/** Lets a program remove something before a signal ends it. */
export interface Ending {
  /** Is aborted by the signal. */
  readonly signal: AbortSignal;
  /** The program ends only after this promise is settled, so it must end soon once {@link signal} is aborted. */
  readonly hold: <T>(work: Promise<T>) => Promise<T>;
}

/** An ending that never comes. */
export const endless: Ending = { signal: new AbortController().signal, hold: async (work) => work };
