import { expect, test } from 'vitest';
import { hasEnded, isLiving, isTerminating } from '../../../../src/kubernetes/api/pods.ts';
import type { Pod } from '../../../../src/kubernetes/api/types.ts';

const pod = (phase: string | undefined, deletionTimestamp?: string): Pod => ({
  metadata: { name: 'web-1', ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
  ...(phase === undefined ? {} : { status: { phase } }),
});

test.each([
  [pod(undefined), { ended: false, terminating: false, living: true }],
  [pod('Pending'), { ended: false, terminating: false, living: true }],
  [pod('Running'), { ended: false, terminating: false, living: true }],
  [pod('Running', '2026-01-01T00:00:00Z'), { ended: false, terminating: true, living: false }],
  [pod('Succeeded'), { ended: true, terminating: false, living: false }],
  [pod('Failed', '2026-01-01T00:00:00Z'), { ended: true, terminating: true, living: false }],
])('%j: %j', (object, expected) => {
  expect({ ended: hasEnded(object), terminating: isTerminating(object), living: isLiving(object) }).toEqual(expected);
});
