/** Counts by text, of which others choose how many there are: behind `most` different ones the rest is one count. */
export interface Tally {
  add(text: string): void;
  /** The most frequent first, equal ones by text. */
  sorted(): { readonly text: string; readonly count: number }[];
  /** Counts of texts that were too many to keep. */
  readonly others: number;
}

/**
 * An empty tally.
 * @param most texts that are counted one by one; further ones are counted together in `others`
 */
export function createTally(most: number): Tally {
  const counts = new Map<string, number>();
  let others = 0;
  return {
    get others() {
      return others;
    },
    add(text) {
      const count = counts.get(text);
      if (count === undefined && counts.size >= most) others += 1;
      else counts.set(text, (count ?? 0) + 1);
    },
    sorted: () =>
      [...counts]
        .map(([text, count]) => ({ text, count }))
        .toSorted((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1)),
  };
}
