import { describe, expect, test } from 'vitest';
import { watchPods, type WatchedKeep } from '../../../../src/captures/keep/index.ts';
import { codedError } from '../../../../src/errors.ts';
import type { Event, Pod } from '../../../../src/kubernetes/api/types.ts';
import { bench, keeps, note, podObject, type Agent } from '../../../support/captures/keepBench.ts';

describe.concurrent('watchPods', () => {
  const crash = (finishedAt: string, restartCount: number): Pod => {
    const pod = podObject('web-1', false);
    const lastState = { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt } };
    return {
      ...pod,
      status: {
        ...pod.status,
        containerStatuses: [{ name: 'app', ready: true, restartCount, state: { running: {} }, lastState }],
      },
    };
  };

  test('keeps the files before a crash once, by the time of the crash; continues when pods cannot be listed', async () => {
    const { options, sent } = bench({ agents: { 'web-1': keeps } });
    const stop = new AbortController();
    const kept: WatchedKeep[] = [];
    const troubles: string[] = [];
    const rounds: (readonly Pod[] | Error)[] = [
      [podObject('web-1', false)],
      codedError('CLUSTER_UNREACHABLE', 'no route to host'),
      [crash('2026-11-29T12:00:00Z', 1)],
      [crash('2026-11-29T12:00:00Z', 1)],
    ];
    const result = await watchPods({
      ...options,
      lastSeconds: 60,
      andSeconds: 10,
      pauseSeconds: 60,
      reason: '',
      stop: stop.signal,
      find: async () => {
        const round = rounds.shift();
        if (round === undefined) stop.abort();
        if (round instanceof Error) throw round;
        return round ?? [];
      },
      onKeep: (keep) => kept.push(keep),
      onTrouble: (reason) => troubles.push(reason),
    });
    expect(kept).toMatchObject([
      {
        pod: 'web-1',
        container: 'app',
        reason: 'OOMKilled',
        exitCode: 137,
        at: '2026-11-29T12:00:00Z',
        from: '2026-11-29T11:59:00Z',
        to: '2026-11-29T12:00:11Z',
        result: 'kept',
      },
    ]);
    expect(sent).toEqual([
      'web-1 2026-11-29T11:59:00Z/2026-11-29T12:00:11Z container app: OOMKilled, exit code 137, restart 1 (by alice)',
    ]);
    expect(troubles).toEqual(['no route to host']);
    expect(result).toEqual({ keeps: 1, failed: 0, leftOut: 0 });
  });

  const killing: Event = {
    metadata: { name: 'web-1.1', namespace: 'shop' },
    reason: 'Killing',
    message: 'Container app failed liveness probe, will be restarted',
    involvedObject: { kind: 'Pod', name: 'web-1', fieldPath: 'spec.containers{app}' },
    lastTimestamp: '2026-11-29T12:00:00Z',
  };

  test.each([
    ['names the probe that failed', [killing], 'Liveness probe failed', []],
    ['says once that it may not list Events', codedError('FORBIDDEN', 'no'), null, [expect.stringContaining('Events')]],
  ])('%s, and reports a keep when its window has ended', async (_, events, cause, said) => {
    let asked = 0;
    const closing: Agent = (value) => ({
      keeps: [note(value, (asked += 1) < 5 ? { ended: undefined, packets: 0 } : {})],
    });
    const { options, lines } = bench({ agents: { 'web-1': closing }, events });
    const stop = new AbortController();
    const kept: WatchedKeep[] = [];
    const rounds = [[podObject('web-1', false)]];
    await watchPods({
      ...options,
      timeoutSeconds: 10,
      lastSeconds: 60,
      andSeconds: 10,
      pauseSeconds: 60,
      reason: '',
      stop: stop.signal,
      find: async () => rounds.shift() ?? [crash('2026-11-29T12:00:00Z', 1)],
      onKeep: (keep) => {
        kept.push(keep);
        stop.abort();
      },
      onTrouble: () => undefined,
    });
    expect(kept).toMatchObject([{ result: 'kept', kept: { packets: 7 }, cause }]);
    expect(lines).toEqual(said);
  });
});
