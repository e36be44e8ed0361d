import { describe, expect, test } from 'vitest';
import type { ContainerStatus, Event, Pod } from '../../../src/kubernetes/api/types.ts';
import { formatProblem, podProblems, unreadyPod, warningLines } from '../../../src/kubernetes/podProblems.ts';

const pod = (name: string, creationTimestamp: string, status: NonNullable<Pod['status']>): Pod => ({
  metadata: { name, creationTimestamp },
  status,
});
const waiting = (reason: string, restartCount = 0): ContainerStatus => ({
  name: 'packet-capture',
  restartCount,
  state: { waiting: { reason, message: `${reason}!` } },
});

describe('podProblems', () => {
  test('reports which container waits for what', () => {
    const problems = podProblems([
      pod('web-1', '2026-01-01T00:00:01Z', { initContainerStatuses: [waiting('ErrImageNeverPull')] }),
    ]);
    expect(problems.map(formatProblem)).toEqual([
      'pod web-1, container packet-capture: ErrImageNeverPull: ErrImageNeverPull!',
    ]);
  });

  test('omits normal states, ready pods and terminating pods', () => {
    const leaving = pod('web-4', '2026-01-01T00:00:01Z', { containerStatuses: [waiting('CrashLoopBackOff')] });
    const pods = [
      pod('web-1', '2026-01-01T00:00:01Z', { containerStatuses: [waiting('ContainerCreating')] }),
      pod('web-2', '2026-01-01T00:00:01Z', { containerStatuses: [waiting('PodInitializing')] }),
      pod('web-3', '2026-01-01T00:00:01Z', {
        containerStatuses: [
          { name: 'app', state: { running: {} } },
          { name: 'once', state: { terminated: { exitCode: 0, reason: 'Completed' } } },
        ],
      }),
      { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:02Z' } },
    ];
    expect(podProblems(pods)).toEqual([]);
  });

  test('the newest pod comes first', () => {
    const pods = ['2026-01-01T00:00:01Z', '2026-01-01T00:00:03Z', '2026-01-01T00:00:02Z'].map((time, index) =>
      pod(`web-${index}`, time, { containerStatuses: [waiting('CrashLoopBackOff')] }),
    );
    expect(podProblems(pods).map((problem) => problem.pod)).toEqual(['web-1', 'web-2', 'web-0']);
  });

  test.each<readonly [string, ContainerStatus]>([
    ['none', waiting('ImagePullBackOff')],
    ['previous', waiting('CrashLoopBackOff', 2)],
    ['current', { name: 'app', restartCount: 1, state: { terminated: { exitCode: 1, reason: 'Error' } } }],
  ])('the advice names the log of the %s run', (log, container) => {
    expect(podProblems([pod('web-1', '', { containerStatuses: [container] })])).toMatchObject([{ log }]);
  });

  test('an exit code replaces a missing message', () => {
    const container = { name: 'app', state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } };
    expect(podProblems([pod('web-1', '', { containerStatuses: [container] })]).map(formatProblem)).toEqual([
      'pod web-1, container app: OOMKilled: exit code 137',
    ]);
  });

  test('a pod that fits no node has no container to name', () => {
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
    ];
    expect(podProblems([pod('web-1', '', { conditions })]).map(formatProblem)).toEqual([
      'pod web-1: Unschedulable: 0/3 nodes are available',
    ]);
  });
});

test('unreadyPod is the newest that is not ready', () => {
  const conditions = (status: string): Pod['status'] => ({
    conditions: [
      { type: 'Ready', status, reason: 'ContainersNotReady', message: 'containers with unready status: [app]' },
    ],
  });
  const pods = [
    pod('web-1', '2026-01-01T00:00:01Z', conditions('False')!),
    pod('web-2', '2026-01-01T00:00:02Z', conditions('True')!),
  ];
  expect(unreadyPod(pods)).toMatchObject({ pod: 'web-1', reason: 'ContainersNotReady' });
  expect(unreadyPod(pods.slice(1))).toBeUndefined();
});

describe('warningLines', () => {
  const event = (kind: string, name: string, reason: string, lastTimestamp: string, type = 'Warning'): Event => ({
    type,
    reason,
    message: `${reason} in ${name}\n`,
    involvedObject: { kind, name },
    metadata: { name: `${name}.1` },
    lastTimestamp,
  });
  const problem = { pod: 'web-1-a', since: '2026-01-01T00:00:05Z', reason: '', message: '', log: 'none' } as const;
  const events = [
    event('Pod', 'web-1-a', 'Failed', '2026-01-01T00:00:09Z'),
    event('Pod', 'web-1-b', 'Failed', '2026-01-01T00:00:09Z'),
    event('Pod', 'web-1-a', 'Pulled', '2026-01-01T00:00:09Z', 'Normal'),
    event('ReplicaSet', 'web-1', 'FailedCreate', '2026-01-01T00:00:07Z'),
    event('ReplicaSet', 'web-0', 'FailedCreate', '2026-01-01T00:00:01Z'),
    event('Deployment', 'web', 'Odd', '2026-01-01T00:00:08Z'),
    event('Deployment', 'webshop', 'Odd', '2026-01-01T00:00:08Z'),
    event('Deployment', 'web', 'Odd', '2026-01-01T00:00:08Z'),
  ];

  test('are about the workload, its ReplicaSets and the pod, since the creation of the pod, in order and without duplicates', () => {
    expect(warningLines(events, 'web', problem, 5)).toEqual([
      'replicaset/web-1: FailedCreate: FailedCreate in web-1',
      'deployment/web: Odd: Odd in web',
      'pod/web-1-a: Failed: Failed in web-1-a',
    ]);
  });

  test('are limited to the last ones', () => {
    expect(warningLines(events, 'web', problem, 1)).toEqual(['pod/web-1-a: Failed: Failed in web-1-a']);
  });

  test('without a pod are those of the workload', () => {
    expect(warningLines(events, 'web', undefined, 5).map((line) => line.split(':')[0])).toEqual([
      'replicaset/web-0',
      'replicaset/web-1',
      'deployment/web',
    ]);
  });
});
