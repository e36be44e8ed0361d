import { expect, test } from 'vitest';
import { leftOutReasons, type LeftOut } from '../../../../src/inject/index.ts';
import {
  isInjected,
  leftOutWarnings,
  reasons,
  warningsFor,
  type SkippedReason,
} from '../../../../src/ways/webhook/reviewReasons.ts';

const skipped = reasons.filter((reason): reason is SkippedReason => !isInjected(reason));

test.each(skipped)('the warning for %s is one sentence that the API server does not cut', (reason) => {
  for (const warning of warningsFor(reason)) {
    expect(warning.length).toBeLessThanOrEqual(120);
    expect(warning).toMatch(/^packet-capture: not injected: [^…]+$/);
  }
});

test.each(Object.keys(leftOutReasons) as LeftOut[])(
  'the warning for an injected pod with %s is one sentence too',
  (leftOut) => {
    expect(leftOutWarnings([leftOut])).toEqual([expect.stringMatching(/^packet-capture: with(out)? [^…]{1,99}$/)]);
    expect(leftOutWarnings([])).toEqual([]);
  },
);

test('a skip that the user chose causes no warning', () => {
  for (const reason of ['opted_out', 'not_opted_in', 'already_injected', 'mirror_pod'] as const)
    expect(warningsFor(reason)).toEqual([]);
});
