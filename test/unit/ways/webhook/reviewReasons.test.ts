import { expect, test } from 'vitest';
import { leftOutReasons, type LeftOut } from '../../../../src/inject/index.ts';
import {
  injectedReasons,
  leftOutWarnings,
  reasons,
  warningsFor,
  type SkippedReason,
} from '../../../../src/ways/webhook/reviewReasons.ts';

const skipped = reasons.filter(
  (reason): reason is SkippedReason => !(injectedReasons as readonly string[]).includes(reason),
);

test.each(skipped)('%s: a warning is one sentence that the API server does not cut', (reason) => {
  for (const warning of warningsFor(reason)) {
    expect(warning.length).toBeLessThanOrEqual(120);
    expect(warning).toMatch(/^packet-capture: not injected: [^…]+$/);
  }
});

test.each(Object.keys(leftOutReasons) as LeftOut[])('what an injected pod goes without (%s), too', (leftOut) => {
  expect(leftOutWarnings([leftOut])).toEqual([expect.stringMatching(/^packet-capture: with(out)? [^…]{1,99}$/)]);
  expect(leftOutWarnings([])).toEqual([]);
});

test('what the user has chosen is no reason to warn', () => {
  for (const reason of ['opted_out', 'not_opted_in', 'already_injected', 'mirror_pod'] as const)
    expect(warningsFor(reason)).toEqual([]);
});
