import type { PodFixture } from '../pods/index.ts';

/** A way to inject and its inverse, on pods in some form: plain data, or the text of a manifest. */
export interface Way<T> {
  /** The fixture in this form. */
  readonly write: (fixture: PodFixture) => T;
  readonly inject: (pod: T, fixture: PodFixture) => T;
  readonly remove: (pod: T) => T;
  readonly same: (a: T, b: T) => boolean;
}

/** One pod and what injection and removal make of it. */
interface Outcome<T> {
  readonly x: T;
  readonly once: T;
  readonly twice: T;
  readonly back: T;
  readonly isExpected: boolean;
  readonly same: (a: T, b: T) => boolean;
}

/** The laws that must hold for every fixture, in every way. */
const laws = {
  'inject(inject(x)) = inject(x)': <T>({ once, twice, same }: Outcome<T>) => same(twice, once),
  // A pod that had a sidecar before may lose it: injection did not add it.
  'remove(inject(x)) = x': <T>({ x, back, isExpected, same }: Outcome<T>) => !isExpected || same(back, x),
  'inject(x) = x exactly if x is skipped': <T>({ x, once, isExpected, same }: Outcome<T>) =>
    same(once, x) !== isExpected,
} as const;

export type LawName = keyof typeof laws;
export const lawNames = Object.keys(laws) as readonly LawName[];

/** The names of the fixtures for which a law does not hold, by law; a law that holds for all is absent. */
export function violations<T>(way: Way<T>, fixtures: readonly PodFixture[]): Partial<Record<LawName, string[]>> {
  const { write, inject, remove, same } = way;
  const broken: Partial<Record<LawName, string[]>> = {};
  for (const fixture of fixtures) {
    const x = write(fixture);
    const once = inject(x, fixture);
    const outcome = {
      x,
      once,
      twice: inject(once, fixture),
      back: remove(once),
      isExpected: fixture.expected === 'injected',
      same,
    };
    for (const law of lawNames) if (!laws[law](outcome)) (broken[law] ??= []).push(fixture.name);
  }
  return broken;
}
