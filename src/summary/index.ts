export { createCounter, counterLimits, type Counter, type CounterLimits, type Counts } from './counter.ts';
export { summarize } from './summarize.ts';
export type { Pair, Summary } from './summary.ts';
