/**
 * How often a property is tried, and how long that may take in ms.
 * FAST_CHECK_RUNS=20000 in the environment for a long run.
 */
export function runs(usual: number): { numRuns: number; timeout: number } {
  const numRuns = Number(process.env['FAST_CHECK_RUNS'] ?? usual);
  return { numRuns, timeout: 30_000 + 200 * numRuns };
}
