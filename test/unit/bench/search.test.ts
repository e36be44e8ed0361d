import { describe, expect, test } from 'vitest';
import {
  ceilingOf,
  goOn,
  isAtTheTop,
  startSearch,
  type Attempt,
  type Search,
} from '../../support/bench/agent/search.ts';

/**
 * As many trials of a program that stores all up to `ceiling`; those whose numbers are in `mishaps` lose a packet
 * anyway.
 */
function search(ceiling: number, guess: number, trials: number, mishaps: readonly number[] = []): Search {
  let state = startSearch(guess, 1000);
  for (let trial = 0; trial < trials; trial += 1) {
    state = goOn(state, { perSecond: state.rate, lossFree: state.rate <= ceiling && !mishaps.includes(trial) });
  }
  return state;
}

const attempt = (perSecond: number, lossFree: boolean): Attempt => ({ asked: perSecond, perSecond, lossFree });

describe('the search for the highest rate without a loss', () => {
  test.each([30, 60, 100, 170, 300])('finds it to 5 % in twelve trials, from a first guess of %i', (guess) => {
    expect(Math.abs(ceilingOf(search(100, guess, 12)).rate - 100)).toBeLessThan(5);
  });

  test.each([0, 2, 5, 8])('is not misled by one loss with another cause, in trial %i', (mishap) => {
    expect(Math.abs(ceilingOf(search(100, 80, 12, [mishap])).rate - 100)).toBeLessThan(10);
  });

  test('comes near in a few trials when the first guess is wrong', () => {
    expect(search(900, 2, 10).rate).toBeGreaterThan(500);
    expect(search(2, 900, 10).rate).toBeLessThan(5);
  });

  test('reports that the sender was the limit, so that no more trials are needed', () => {
    const top = search(2000, 800, 3);
    expect(isAtTheTop(top)).toBe(true);
    expect(ceilingOf(top)).toEqual({ rate: 1000, atLeast: true });
    expect(isAtTheTop(search(2000, 800, 2))).toBe(false);
    expect(ceilingOf(search(100, 80, 12)).atLeast).toBe(false);
  });

  test('finds no rate if no trial stored all packets', () => {
    expect(ceilingOf(search(0, 80, 5))).toEqual({ rate: 0, atLeast: false });
  });
});

describe('the rate that separates the trials best', () => {
  test('is the highest rate below which no trial lost packets, if all trials agree', () => {
    expect(
      ceilingOf({
        highest: 1000,
        attempts: [attempt(90, true), attempt(120, false), attempt(100, true), attempt(110, false)],
      }).rate,
    ).toBe(100);
  });

  test('does not depend on one loss below it, or on one trial without a loss above it', () => {
    const steady = [80, 90, 100].map((rate) => attempt(rate, true));
    const lost = [110, 120, 130].map((rate) => attempt(rate, false));
    expect(ceilingOf({ highest: 1000, attempts: [attempt(70, false), ...steady, ...lost] }).rate).toBe(100);
    expect(ceilingOf({ highest: 1000, attempts: [...steady, ...lost, attempt(140, true)] }).rate).toBe(100);
  });

  test('is the middle one of several equally good rates', () => {
    const attempts = [attempt(64, true), attempt(80, false), attempt(100, true), attempt(120, false)];
    expect(ceilingOf({ highest: 1000, attempts }).rate).toBe(80);
  });
});
