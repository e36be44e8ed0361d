import { stderrProgress } from '../../../../scripts/cluster/progress.ts';
import { programs, type Program, type Site } from './captures.ts';
import { kinds, limits, type Cell, type NamedKind } from './cells.ts';
import { ceilingOf, goOn, isAtTheTop, startSearch, type Search } from './search.ts';
import type { Kind, Traffic } from './traffic.ts';
import { runTrial, type Load, type Trial } from './trial.ts';

/** Fifteen periods of the CPU limit. */
const seconds = 1.5;
/** Trials of a program with one kind and limit: then the steps are small, and more of them would change little. */
const mostRounds = 12;

type Searches = Readonly<Record<Program, Search>>;

/**
 * Looks for the highest rates without a loss, of every kind at every limit. In each round every program has a trial, so
 * that all of them meet the same moods of the machine. All of it takes `minutes` at most; what one cell does not need,
 * the others have.
 */
export async function searchCells(
  site: Site,
  traffic: Traffic,
  minutes: number,
  only: readonly NamedKind[] = kinds,
): Promise<Cell[]> {
  const end = performance.now() + minutes * 60_000;
  const cells: Cell[] = [];
  for (const kind of only) {
    const highest = await senderCeiling(site, traffic, kind);
    stderrProgress(`${kind.name}: the sender can do ${highest.toFixed(0)} a second`);
    let searches: Searches | undefined;
    for (const [index, cores] of limits.entries()) {
      const left = (only.length - only.indexOf(kind)) * limits.length - index;
      const until = performance.now() + (end - performance.now()) / left;
      searches = await searchCell(
        startSearches(searches, highest, cores / (limits[index - 1] ?? cores), cores),
        until,
        (program, perSecond) =>
          tryAgain(site, () => runTrial(program, site, traffic, { kind, perSecond, seconds, cores })),
      );
      const ceilings = Object.fromEntries(
        programs.map((program) => [program, ceilingOf((searches as Searches)[program])]),
      ) as Cell['ceilings'];
      cells.push({ kind, cores, ceilings });
      stderrProgress(
        `${kind.name}, ${cores * 1000}m, after ${searches.agent.attempts.length} rounds: ${programs.map((program) => `${program} ${ceilings[program].rate.toFixed(0)}`).join(', ')}`,
      );
    }
  }
  return cells;
}

/** From what was found at the limit before, in proportion. */
function startSearches(before: Searches | undefined, highest: number, growth: number, cores: number): Searches {
  const guess = (program: Program): number => {
    const found = before === undefined ? 0 : ceilingOf(before[program]).rate;
    return found > 0 ? found * growth : highest * cores;
  };
  return Object.fromEntries(programs.map((program) => [program, startSearch(guess(program), highest)])) as Searches;
}

async function searchCell(
  begin: Searches,
  until: number,
  attempt: (program: Program, perSecond: number) => Promise<Trial>,
): Promise<Searches> {
  let searches = begin;
  for (let round = 0; round < mostRounds && !programs.every((program) => isAtTheTop(searches[program])); round += 1) {
    const from = performance.now();
    for (const program of programs) {
      const search = searches[program];
      searches = { ...searches, [program]: goOn(search, await attempt(program, search.rate)) };
    }
    // The next round takes as long as this one.
    if (performance.now() + (performance.now() - from) > until) break;
  }
  return searches;
}

/**
 * While a capture runs, since that takes its share of the sender's time. Nine tenths of it, so that the sender keeps
 * its pace.
 */
async function senderCeiling(site: Site, traffic: Traffic, kind: Kind): Promise<number> {
  const load: Load = { kind, perSecond: 1e7, seconds, cores: undefined };
  const { perSecond } = await tryAgain(site, () => runTrial('tcpdump', site, traffic, load));
  return perSecond * 0.9;
}

/** A program that did not start in time, once in hundreds of times, is no reason to begin half an hour anew. */
async function tryAgain(site: Site, trial: () => Promise<Trial>): Promise<Trial> {
  try {
    return await trial();
  } catch (error) {
    site.signal.throwIfAborted();
    stderrProgress(`a trial failed and is made again: ${String(error)}`);
    return trial();
  }
}
