import { expect, test } from 'vitest';
import { causeOf } from '../../../../src/captures/keep/eventCause.ts';
import type { PodEvent } from '../../../../src/captures/keep/podEvents.ts';
import type { Event } from '../../../../src/kubernetes/api/types.ts';
import { parseTime } from '../../../../src/time.ts';

const time = (text: string): bigint => parseTime(`2026-11-29T${text}Z`) ?? 0n;

/** A container that ran from 12:00:00 until 12:00:30. */
const ended: PodEvent = {
  key: 'k',
  container: 'app',
  reason: 'Error',
  exitCode: 137,
  restarts: 1,
  backOff: false,
  began: time('12:00:00'),
  at: time('12:00:31'),
};
const unready: PodEvent = { ...ended, reason: 'Unready', exitCode: undefined, began: undefined };

function event(reason: string, message: string, at: string, fieldPath = 'spec.containers{app}'): Event {
  return {
    metadata: { name: 'e', namespace: 'shop' },
    reason,
    message,
    involvedObject: { kind: 'Pod', name: 'web-1', fieldPath },
    lastTimestamp: `2026-11-29T${at}Z`,
  };
}

const killed = event('Killing', 'Container app failed liveness probe, will be restarted', '12:00:20');
const live = event('Unhealthy', 'Liveness probe failed: HTTP probe failed\n with statuscode: 500', '12:00:20');
const backOff = event('BackOff', 'Back-off restarting failed container app in pod web-1_shop(u1)', '12:00:30');

test.each<[string, PodEvent, readonly Event[], ReturnType<typeof causeOf>]>([
  ['nothing', ended, [], { backOff: false, probe: undefined }],
  [
    'a liveness probe for which it was killed, in its words',
    ended,
    [killed, live, event('Unhealthy', 'Liveness probe failed: older', '12:00:10')],
    { backOff: false, probe: 'Liveness probe failed: HTTP probe failed with statuscode: 500' },
  ],
  ['a probe whose own words are gone', ended, [killed], { backOff: false, probe: 'Liveness probe failed' }],
  [
    'a startup probe',
    ended,
    [
      event('Killing', 'Container app failed startup probe, will be restarted', '12:00:20'),
      event('Unhealthy', 'Startup probe failed: dial tcp', '12:00:20'),
    ],
    { backOff: false, probe: 'Startup probe failed: dial tcp' },
  ],
  ['no probe that failed once, but was not why it ended', ended, [live], { backOff: false, probe: undefined }],
  [
    'nothing of another container, or of the run before',
    ended,
    [
      { ...killed, involvedObject: { fieldPath: 'spec.containers{other}' } },
      { ...killed, lastTimestamp: '2026-11-29T11:59:59Z' },
      { ...backOff, lastTimestamp: '2026-11-29T12:00:29Z' },
    ],
    { backOff: false, probe: undefined },
  ],
  ['that the kubelet waits', ended, [backOff], { backOff: true, probe: undefined }],
  [
    'no wait for an image',
    ended,
    [event('BackOff', 'Back-off pulling image "app:1"', '12:00:31')],
    { backOff: false, probe: undefined },
  ],
  [
    'a readiness probe',
    unready,
    [live, event('Unhealthy', 'Readiness probe failed: connection refused', '12:00:29')],
    { backOff: false, probe: 'Readiness probe failed: connection refused' },
  ],
])('the Events of a pod say %s', (_, problem, events, cause) => {
  expect(causeOf(problem, events)).toEqual(cause);
});

test('the words of a probe are one line without control characters, at most 200 characters long', () => {
  const loud = event('Unhealthy', `Liveness probe failed: \u001B[31m${'x'.repeat(500)}\n`, '12:00:20');
  const { probe = '' } = causeOf(ended, [killed, loud]);
  expect(probe.length).toBeLessThanOrEqual(201);
  expect(probe).not.toContain('\u001B');
  expect(probe).not.toContain('\n');
});
