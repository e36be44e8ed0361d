/** Queries without a response, of all clients together. When there are too many, the oldest are forgotten. */
export interface OpenQueries {
  /** A number for a client: a connection, or a pair of ports. */
  newAsker(): number;
  /** When the query was sent, in nanoseconds; undefined when it is not known. @param id 16 bits */
  timeOf(asker: number, id: number): number | undefined;
  add(asker: number, id: number, time: number): void;
  remove(asker: number, id: number): void;
}

/** Two halves, since a map from which the oldest are deleted gets slow. */
const half = 32_768;

/** No query yet. At least 32,768 queries are remembered, and at most twice as many. */
export function createOpenQueries(): OpenQueries {
  let young = new Map<number, number>();
  let old = new Map<number, number>();
  let askers = 0;
  const keyOf = (asker: number, id: number): number => asker * 65_536 + id;
  return {
    newAsker() {
      askers += 1;
      return askers;
    },
    timeOf: (asker, id) => young.get(keyOf(asker, id)) ?? old.get(keyOf(asker, id)),
    add(asker, id, time) {
      if (young.size >= half) {
        old = young;
        young = new Map();
      }
      young.set(keyOf(asker, id), time);
    },
    remove(asker, id) {
      young.delete(keyOf(asker, id));
      old.delete(keyOf(asker, id));
    },
  };
}
