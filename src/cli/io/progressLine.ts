import { footLine, say } from './output.ts';

/**
 * One line at the foot of standard error that changes, with the time that it takes; elsewhere than on a terminal a line
 * now and then.
 */
export interface ProgressLine {
  readonly show: (text: string) => void;
  /** A line that stays. */
  readonly say: (text: string) => void;
  /** Takes the changing line away. */
  readonly end: () => void;
  readonly seconds: () => number;
}

const redrawEvery = 200;
const quietEvery = 10_000;

export function createProgressLine(): ProgressLine {
  const begin = performance.now();
  const terminal = footLine.isTerminal;
  const every = terminal ? redrawEvery : quietEvery;
  let shownAt = terminal ? Number.NEGATIVE_INFINITY : begin;
  const seconds = (): number => Math.round((performance.now() - begin) / 1000);
  return {
    show: (text) => {
      const now = performance.now();
      if (now - shownAt < every) return;
      shownAt = now;
      footLine.show(`${text}, ${seconds()}s`);
    },
    say: (text) => {
      footLine.clear();
      say(text);
    },
    end: () => footLine.clear(),
    seconds,
  };
}
