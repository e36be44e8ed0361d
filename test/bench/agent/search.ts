/** The outcome of a search: the highest rate that passed, and whether it is only the highest that could be tried. */
export interface Ceiling {
  readonly rate: number;
  readonly atLeast: boolean;
}

/** One rate, as it really was, and the share of the packets that were stored. */
export interface Attempt {
  readonly perSecond: number;
  readonly stored: number;
}

/** A machine that is shared loses a few of its own accord. */
const nearlyAll = 0.999;

/**
 * The highest rate without a loss, between `highest` and a part of it; each step is the geometric middle of what is
 * left. Where only a few packets were lost, the rate is tried once more.
 */
export async function searchHighest(highest: number, attempt: (rate: number) => Promise<Attempt>, steps = 5, range = 64): Promise<Ceiling> {
  const lossFree = async (rate: number): Promise<number | undefined> => {
    const first = await attempt(rate);
    const last = first.stored < 1 && first.stored > nearlyAll ? await attempt(rate) : first;
    return last.stored === 1 ? last.perSecond : undefined;
  };
  const top = await lossFree(highest);
  if (top !== undefined) return { rate: top, atLeast: true };
  let [low, high, best] = [highest / range, highest, 0];
  for (let step = 0; step < steps; step += 1) {
    const middle = Math.sqrt(low * high);
    const rate = await lossFree(middle);
    if (rate === undefined) high = middle;
    else [low, best] = [middle, rate];
  }
  return { rate: best, atLeast: false };
}
