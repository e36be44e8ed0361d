/**
 * The search for the highest rate without a loss, by trials of which each may mislead: a machine that is shared loses a
 * few packets of its own accord. Up after a trial that stored all, down after one that did not, with smaller steps
 * after each turn and larger ones on a long way in one direction (PEST: Taylor and Creelman, 1967, "PEST: Efficient
 * estimates on probability functions"). All trials together decide in the end, so that none decides alone.
 */
export interface Search {
  /** The rate of the next trial. */
  readonly rate: number;
  /** The factor from the rate before to this one. */
  readonly step: number;
  /** How many trials have gone the same way, the last one included. */
  readonly sameWay: number;
  /** What the sender can do. */
  readonly highest: number;
  readonly attempts: readonly Attempt[];
}

export interface Attempt {
  readonly asked: number;
  /** The rate as it really was. */
  readonly perSecond: number;
  readonly lossFree: boolean;
}

/** What a search has found, and whether it is only the highest that could be tried. */
export interface Ceiling {
  /** 0 if no trial stored all. */
  readonly rate: number;
  readonly atLeast: boolean;
}

const [firstStep, smallestStep, largestStep] = [1.5, 1.02, 2];

export function startSearch(guess: number, highest: number): Search {
  return { rate: Math.min(guess, highest), step: firstStep, sameWay: 0, highest, attempts: [] };
}

/** What follows from one more trial, at the search's rate. */
export function goOn({ rate, step, sameWay, highest, attempts }: Search, trial: Omit<Attempt, 'asked'>): Search {
  const last = attempts.at(-1);
  const turned = last !== undefined && last.lossFree !== trial.lossFree;
  const ways = turned ? 1 : sameWay + 1;
  let next = step;
  if (turned) next = Math.max(Math.sqrt(step), smallestStep);
  else if (ways > 2) next = Math.min(step * step, largestStep);
  const asked = trial.lossFree ? rate * next : rate / next;
  return {
    rate: Math.min(asked, highest),
    step: next,
    sameWay: ways,
    highest,
    attempts: [...attempts, { asked: rate, ...trial }],
  };
}

/** True once more trials would tell nothing: what the sender can do was stored twice. */
export function isAtTheTop({ attempts, highest }: Search): boolean {
  return attempts.length > 1 && attempts.slice(-2).every(({ asked, lossFree }) => lossFree && asked === highest);
}

/**
 * The rate that parts the trials best: with the fewest losses at or below it, and the fewest without a loss above.
 * Where several do, the middle of them.
 */
export function ceilingOf({ attempts, highest }: Pick<Search, 'attempts' | 'highest'>): Ceiling {
  const misfits = (rate: number): number =>
    attempts.filter(({ perSecond, lossFree }) => perSecond > rate === lossFree).length;
  const stored = attempts
    .filter(({ lossFree }) => lossFree)
    .map((attempt) => ({ ...attempt, misfits: misfits(attempt.perSecond) }));
  const fewest = Math.min(...stored.map((attempt) => attempt.misfits));
  const best = stored.filter((attempt) => attempt.misfits === fewest);
  if (best.length === 0) return { rate: 0, atLeast: false };
  const rates = best.map(({ perSecond }) => perSecond);
  return {
    rate: Math.sqrt(Math.min(...rates) * Math.max(...rates)),
    atLeast: best.every(({ asked }) => asked === highest),
  };
}
