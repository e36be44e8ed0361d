import { describe, expect, test } from 'vitest';
import { createEventTracker } from '../../../../src/captures/keep/eventTracker.ts';
import { eventText, podEvents } from '../../../../src/captures/keep/podEvents.ts';
import type { ContainerStatus, Pod } from '../../../../src/kubernetes/api/types.ts';
import { formatTime } from '../../../../src/time.ts';

const running: ContainerStatus = { name: 'app', ready: true, restartCount: 0, state: { running: {} } };
const ended = (finishedAt: string, reason = 'Error', exitCode = 1): object => ({
  terminated: { reason, exitCode, finishedAt },
});
const noon = '2026-11-29T12:00:00Z';
const later = '2026-11-29T12:00:30Z';

function pod(
  container: ContainerStatus,
  {
    uid = 'u1',
    init = [],
    unready,
    deleted = false,
  }: {
    uid?: string;
    init?: readonly ContainerStatus[];
    unready?: string;
    deleted?: boolean;
  } = {},
): Pod {
  return {
    metadata: { name: 'web-1', namespace: 'shop', uid, ...(deleted ? { deletionTimestamp: noon } : {}) },
    spec: { containers: [], initContainers: [{ name: 'packet-capture', image: 'agent' }] },
    status: {
      phase: 'Running',
      initContainerStatuses: init,
      containerStatuses: [container],
      conditions:
        unready === undefined ? [] : [{ type: 'ContainersReady', status: 'False', lastTransitionTime: unready }],
    },
  };
}

const texts = (now: Pod, before?: Pod): string[] =>
  podEvents(now, before).map((event) => `${formatTime(event.at)} ${eventText(event)}`);

describe('an event', () => {
  test('is the end of a container, and has the same key each time it is seen', () => {
    const oom = ended(noon, 'OOMKilled', 137);
    const seen = [
      pod({ ...running, ready: false, state: oom }),
      pod({ ...running, restartCount: 1, lastState: oom }),
      pod({ ...running, restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: oom }),
    ];
    expect(seen.map((one) => texts(one))).toEqual([
      ['2026-11-29T12:00:01Z container app: OOMKilled, exit code 137'],
      ['2026-11-29T12:00:01Z container app: OOMKilled, exit code 137, restart 1'],
      ['2026-11-29T12:00:01Z container app: OOMKilled, exit code 137, restart 1, CrashLoopBackOff'],
    ]);
    expect(new Set(seen.flatMap((one) => podEvents(one, undefined).map(({ key }) => key))).size).toBe(1);
  });

  test('is an end without an error only when the container was started again', () => {
    expect(texts(pod({ ...running, state: ended(noon, 'Completed', 0) }))).toEqual([]);
    expect(texts(pod({ ...running, restartCount: 1, lastState: ended(noon, 'Completed', 0) }))).toEqual([
      '2026-11-29T12:00:01Z container app: Completed, exit code 0, restart 1',
    ]);
    const setup = { name: 'setup', state: ended(noon, 'Completed', 0) };
    expect(texts(pod(running, { init: [setup] }))).toEqual([]);
    expect(texts(pod(running, { init: [{ ...setup, lastState: ended(noon), restartCount: 1 }] }))).toEqual([
      '2026-11-29T12:00:01Z container setup: Error, exit code 1, restart 1',
    ]);
  });

  test('is a readiness probe that fails: of a container that was ready, and runs on', () => {
    const unready = { ...running, ready: false };
    const now = pod(unready, { unready: noon });
    expect(texts(now, pod(running))).toEqual(['2026-11-29T12:00:01Z container app: not ready any more']);
    // It starts.
    expect(texts(now)).toEqual([]);
    expect(texts(now, now)).toEqual([]);
    // It was started again, which is an event of its own.
    expect(texts(pod({ ...unready, restartCount: 1 }, { unready: noon }), pod(running))).toEqual([]);
  });

  test('is not reported for a pod that is being deleted, or for the sidecar', () => {
    expect(texts(pod({ ...running, state: ended(noon, 'Error', 143) }, { deleted: true }))).toEqual([]);
    expect(
      texts(pod(running, { init: [{ name: 'packet-capture', lastState: ended(noon), restartCount: 1 }] })),
    ).toEqual([]);
  });
});

describe('what is new', () => {
  const crashed = (finishedAt: string, restartCount: number): Pod =>
    pod({ ...running, restartCount, lastState: ended(finishedAt) });
  const at = (second: number): string => formatTime(1_795_953_600_000_000_000n + BigInt(second) * 1_000_000_000n);

  test('does not include earlier events, and is reported once', () => {
    const tracker = createEventTracker(1000);
    expect(tracker.update([crashed(noon, 1)], 0)).toEqual([]);
    expect(tracker.update([crashed(noon, 1)], 1000)).toEqual([]);
    const [due, ...more] = tracker.update([crashed(later, 2)], 2000);
    expect(more).toEqual([]);
    expect(due).toMatchObject({ event: { restarts: 2 }, leftOut: 0 });
    tracker.done('u1', 2100);
    expect(tracker.update([crashed(later, 2)], 60_000)).toEqual([]);
    expect(tracker.leftOut).toBe(0);
  });

  test('of a pod that came later counts from its beginning', () => {
    const tracker = createEventTracker(1000);
    tracker.update([], 0);
    expect(tracker.update([crashed(noon, 1)], 1000)).toHaveLength(1);
  });

  test('is left out, and counted, while a keep of the pod is under way and in the pause after it', () => {
    const tracker = createEventTracker(10_000);
    tracker.update([pod(running)], 0);
    expect(tracker.update([crashed(at(1), 1)], 1000)).toHaveLength(1);
    expect(tracker.update([crashed(at(2), 2)], 2000)).toEqual([]);
    tracker.done('u1', 5000);
    expect(tracker.update([crashed(at(6), 3)], 6000)).toEqual([]);
    expect(tracker.update([crashed(at(15), 4)], 15_000)).toMatchObject([{ event: { restarts: 4 }, leftOut: 2 }]);
    expect(tracker.leftOut).toBe(2);
  });

  test('is of a crash loop when the container was in CrashLoopBackOff before this run, unless it ran for long', () => {
    const waits = { ...running, restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } };
    const run = (restartCount: number, startedAt: string, finishedAt: string): Pod => {
      const end = { terminated: { reason: 'Error', exitCode: 1, startedAt, finishedAt } };
      return pod({ ...running, restartCount, state: end });
    };
    const tracker = createEventTracker(0);
    const backOffs = [
      pod(waits),
      run(2, noon, later),
      run(3, noon, '2026-11-29T12:20:00Z'),
      run(4, '2026-11-29T12:20:00Z', '2026-11-29T12:20:10Z'),
    ].map((one, index) => {
      const due = tracker.update([one], index);
      tracker.done('u1', index);
      return due.map(({ event }) => event.backOff);
    });
    expect(backOffs).toEqual([[], [true], [false], [false]]);
  });

  test('of one pod does not delay another pod', () => {
    const tracker = createEventTracker(10_000);
    const other = (restartCount: number): Pod =>
      pod({ ...running, restartCount, lastState: ended(noon) }, { uid: 'u2' });
    tracker.update([pod(running), pod(running, { uid: 'u2' })], 0);
    expect(tracker.update([crashed(noon, 1), pod(running, { uid: 'u2' })], 1000)).toHaveLength(1);
    expect(tracker.update([crashed(noon, 1), other(1)], 2000)).toHaveLength(1);
  });
});
