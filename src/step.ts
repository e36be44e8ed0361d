/** Takes one line for people, without a final newline. */
export type Report = (line: string) => void;

/** Longer steps say that they have begun, and how long they took. */
const quietMs = 2000;

/** Runs one step; `label …` is reported when it takes long, and its outcome at its end: `label: outcome (3.4s)`. */
export async function step<T>(
  report: Report,
  label: string,
  work: () => Promise<T>,
  outcome: (result: T) => string,
): Promise<T> {
  const from = performance.now();
  const announce = setTimeout(() => report(`${label} …`), quietMs);
  try {
    const result = await work();
    const took = performance.now() - from;
    report(`${label}: ${outcome(result)}${took < quietMs ? '' : ` (${(took / 1000).toFixed(1)}s)`}`);
    return result;
  } finally {
    clearTimeout(announce);
  }
}
