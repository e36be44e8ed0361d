/** Durations in nanoseconds, of which only counts in steps are kept: however many there are, the memory is the same. */
export interface Times {
  add(nanoseconds: number): void;
  readonly count: number;
  /** What a report says; undefined without any. */
  summary(): TimesSummary | undefined;
}

/** In seconds. The median and the rest are at most 3 % too high; the least and the most are exact. */
export interface TimesSummary {
  readonly count: number;
  readonly least: number;
  readonly median: number;
  readonly p95: number;
  readonly most: number;
}

/** Steps for each doubling: 2^(1/32) is 2.2 %. */
const stepsOfDoubling = 32;
/** 2^62 ns are 146 years. */
const doublings = 62;

/** No times yet. Memory for the histogram is taken at the first one. */
export function createTimes(): Times {
  let steps: Uint32Array | undefined;
  let count = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  const quantile = (share: number): number => {
    const wanted = Math.max(1, Math.ceil(count * share));
    let seen = 0;
    for (let step = 0; step < doublings * stepsOfDoubling; step += 1) {
      seen += steps?.[step] ?? 0;
      if (seen >= wanted) return Math.min(most, Math.max(least, 2 ** ((step + 1) / stepsOfDoubling)));
    }
    return most;
  };
  return {
    get count() {
      return count;
    },
    add(nanoseconds) {
      const time = Math.max(0, nanoseconds);
      steps ??= new Uint32Array(doublings * stepsOfDoubling);
      const step = time < 1 ? 0 : Math.min(steps.length - 1, Math.floor(Math.log2(time) * stepsOfDoubling));
      steps[step] = (steps[step] ?? 0) + 1;
      count += 1;
      least = Math.min(least, time);
      most = Math.max(most, time);
    },
    summary() {
      if (count === 0) return undefined;
      return {
        count,
        least: least / 1e9,
        median: quantile(0.5) / 1e9,
        p95: quantile(0.95) / 1e9,
        most: most / 1e9,
      };
    },
  };
}
