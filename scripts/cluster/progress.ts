import { isatty } from 'node:tty';

/** Takes one line for people: what has just happened or is being waited for. */
export type Progress = (line: string) => void;

const startedAt = performance.now();

/** `[ 12.3s] line` on stderr; the time is counted from the start of the process. */
export const stderrProgress: Progress = (line) => {
  process.stderr.write(`[${secondsSince(startedAt).padStart(6)}s] ${line}\n`);
};

/** Swallows every line. */
export const noProgress: Progress = () => {};

/** Seconds since `from` (a `performance.now()` stamp) with one decimal. */
export function secondsSince(from: number): string {
  return ((performance.now() - from) / 1000).toFixed(1);
}

/**
 * Runs `work` and reports it once it proves long: `label …` after 2 s, a sign of life every 30 s, and `label: 12.3 s`
 * at its end. Short work stays silent.
 */
export async function step<T>(progress: Progress, label: string, work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  let announced = false;
  const announce = setTimeout(() => {
    announced = true;
    progress(`${label} …`);
  }, 2000);
  const signOfLife = setInterval(
    () => progress(`${label} … ${secondsSince(from)} s so far`),
    isatty(2) ? 10_000 : 30_000,
  );
  try {
    const result = await work();
    if (announced) progress(`${label}: ${secondsSince(from)} s`);
    return result;
  } finally {
    clearTimeout(announce);
    clearInterval(signOfLife);
  }
}
