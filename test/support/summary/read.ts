import { createCaptureScanner } from '../../../src/pcapng/index.ts';
import { createCounter, summarize, type CounterLimits, type Summary } from '../../../src/summary/index.ts';

/** The summary of captures, each in these pieces. */
export function summaryOf(files: readonly (readonly Uint8Array[])[], limits?: CounterLimits, top?: number): Summary {
  const counter = createCounter(limits);
  for (const pieces of files) {
    counter.nextFile();
    const scanner = createCaptureScanner('test', counter);
    for (const piece of pieces) scanner.push(piece);
    scanner.end();
  }
  return summarize(counter.counts, top);
}
