/** What clients may take of the server, all of them together and each of them. docs/injector.md says why these. */
export interface Limits {
  /** TLS connections: half of them for such as have had an answer to a review, half for all others. */
  readonly connections: number;
  /** Bytes of one body. */
  readonly bodyBytes: number;
  /** Bytes of one that is parsed; of a larger one the beginning is read. */
  readonly parsedBytes: number;
  /** Bytes of all bodies that are on their way. */
  readonly bodiesBytes: number;
  /** `{`, `[` and `,` outside of strings, beyond which a body is not parsed. */
  readonly jsonValues: number;
  /** How deep lists and objects of a body that is parsed may lie in each other. */
  readonly jsonDepth: number;
  /** From the first byte of a request to the end of its head; also for the TLS handshake. */
  readonly headMs: number;
  /** From there to the end of its body. */
  readonly bodyMs: number;
}

export const defaultLimits: Limits = {
  connections: 256,
  bodyBytes: 7 * 1024 * 1024,
  parsedBytes: 4 * 1024 * 1024,
  bodiesBytes: 16 * 1024 * 1024,
  jsonValues: 100_000,
  jsonDepth: 100,
  headMs: 10_000,
  bodyMs: 5000,
};
