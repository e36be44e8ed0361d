import { footLine, say } from './output.ts';

/** A changing line at the end of standard error with the elapsed time; without a terminal, a new line now and then. */
export interface ProgressLine {
  readonly show: (text: string) => void;
  /** Prints a line that stays. */
  readonly say: (text: string) => void;
  /** Removes the changing line. */
  readonly end: () => void;
  readonly seconds: () => number;
}

const redrawEvery = 200;
const quietEvery = 10_000;

/** Its seconds count from now. On a terminal it is drawn at most five times a second, otherwise once in 10 s. */
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
