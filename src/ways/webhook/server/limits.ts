/** What clients may use of the server, all together and each of them. The reasons are in docs/injector.md. */
export interface Limits {
  /** TLS connections: half for clients that have had an answer to a review, half for all others. */
  readonly connections: number;
  /** The most bytes of one body. */
  readonly bodyBytes: number;
  /** The most bytes of a body that is parsed; only the beginning of a larger one is read. */
  readonly parsedBytes: number;
  /** The most bytes of all bodies that are being received. */
  readonly bodiesBytes: number;
  /** The most `{`, `[` and `,` outside of strings in a body that is parsed. */
  readonly jsonValues: number;
  /** The most levels of nested lists and objects in a body that is parsed. */
  readonly jsonDepth: number;
  /** The longest time from the first byte of a request to the end of its head, and for the TLS handshake. */
  readonly headMs: number;
  /** The longest time from the end of the head to the end of the body. */
  readonly bodyMs: number;
}

/** The limits that the chart's values `webhook.limits` have by default, and those that the values do not set. */
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
