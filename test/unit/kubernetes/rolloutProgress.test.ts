import { describe, expect, test } from 'vitest';
import type { Condition, WorkloadObject, WorkloadSpec, WorkloadStatus } from '../../../src/kubernetes/api/types.ts';
import { rolloutProgress } from '../../../src/kubernetes/rolloutProgress.ts';

const at = (kind: string, spec: WorkloadSpec, status: WorkloadStatus, generation = 2): WorkloadObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'web', generation },
  spec,
  status: { observedGeneration: 2, ...status },
});

describe('a status from before the change is ignored', () => {
  const complete = {
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    desiredNumberScheduled: 3,
    updatedNumberScheduled: 3,
    numberAvailable: 3,
  };
  test.each(['Deployment', 'StatefulSet', 'DaemonSet'])('%s', (kind) => {
    expect(rolloutProgress(at(kind, { replicas: 3 }, complete, 3))).toEqual({
      done: false,
      text: 'waiting for the controller to see the change',
    });
    expect(rolloutProgress(at(kind, { replicas: 3 }, complete, 2)).done).toBe(true);
  });
});

describe('Deployment', () => {
  const progressOf = (status: WorkloadStatus): ReturnType<typeof rolloutProgress> =>
    rolloutProgress(at('Deployment', { replicas: 3 }, status));

  test.each<readonly [string, WorkloadStatus]>([
    ['1 of 3 pods updated, 3 available, 2 old', { replicas: 3, updatedReplicas: 1, availableReplicas: 3 }],
    ['3 of 3 pods updated, 3 available, 1 old', { replicas: 4, updatedReplicas: 3, availableReplicas: 3 }],
    ['3 of 3 pods updated, 2 available', { replicas: 3, updatedReplicas: 3, availableReplicas: 2 }],
    ['0 of 3 pods updated, 0 available', {}],
  ])('not done: %s', (text, status) => {
    expect(progressOf(status)).toEqual({ done: false, text });
  });

  const condition = (type: string, status: string, reason: string): readonly Condition[] => [
    { type, status, reason, message: `${reason} it is` },
  ];

  test('pods that the API server refuses are a problem', () => {
    const conditions = condition('ReplicaFailure', 'True', 'FailedCreate');
    expect(progressOf({ replicas: 2, updatedReplicas: 0, availableReplicas: 2, conditions })).toMatchObject({
      done: false,
      problem: 'FailedCreate it is',
    });
  });

  test('a deadline that has passed is a problem', () => {
    const conditions = condition('Progressing', 'False', 'ProgressDeadlineExceeded');
    expect(progressOf({ replicas: 3, updatedReplicas: 3, availableReplicas: 2, conditions })).toMatchObject({
      done: false,
      problem: 'ProgressDeadlineExceeded it is',
    });
  });

  test('ordinary conditions are not problems', () => {
    const conditions = condition('Progressing', 'True', 'NewReplicaSetAvailable');
    expect(progressOf({ replicas: 3, updatedReplicas: 3, availableReplicas: 3, conditions })).toEqual({
      done: true,
      text: '3 of 3 pods updated, 3 available',
    });
  });
});

describe('StatefulSet', () => {
  const progressOf = (partition: number, start: number, status: WorkloadStatus): ReturnType<typeof rolloutProgress> =>
    rolloutProgress(
      at(
        'StatefulSet',
        { replicas: 3, ordinals: { start }, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } } },
        status,
      ),
    );

  test.each<readonly [boolean, string, number, number, WorkloadStatus]>([
    [false, '1 of 3 pods updated, 2 of 3 ready', 0, 0, { updatedReplicas: 1, readyReplicas: 2 }],
    [false, '3 of 3 pods updated, 2 of 3 ready', 0, 0, { updatedReplicas: 3, readyReplicas: 2 }],
    [true, '3 of 3 pods updated, 3 of 3 ready', 0, 0, { updatedReplicas: 3, readyReplicas: 3 }],
    [false, '0 of 1 pod updated, 3 of 3 ready', 2, 0, { updatedReplicas: 0, readyReplicas: 3 }],
    [true, '1 of 1 pod updated, 3 of 3 ready', 2, 0, { updatedReplicas: 1, readyReplicas: 3 }],
    [false, '2 of 3 pods updated, 3 of 3 ready', 2, 5, { updatedReplicas: 2, readyReplicas: 3 }],
  ])('done %s: %s, partition %i from %i', (done, text, partition, start, status) => {
    expect(progressOf(partition, start, status)).toEqual({ done, text });
  });
});

describe('DaemonSet', () => {
  test.each<readonly [boolean, string, WorkloadStatus]>([
    [
      false,
      '1 of 2 pods updated, 2 available',
      { desiredNumberScheduled: 2, updatedNumberScheduled: 1, numberAvailable: 2 },
    ],
    [
      false,
      '2 of 2 pods updated, 1 available',
      { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 },
    ],
    [
      true,
      '2 of 2 pods updated, 2 available',
      { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 },
    ],
    [true, '0 of 0 pods updated, 0 available', {}],
  ])('done %s: %s', (done, text, status) => {
    expect(rolloutProgress(at('DaemonSet', {}, status))).toEqual({ done, text });
  });
});
