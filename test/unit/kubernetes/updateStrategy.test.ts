import { describe, expect, test } from 'vitest';
import type { WorkloadObject, WorkloadSpec, WorkloadStatus } from '../../../src/kubernetes/api/types.ts';
import { restartOf } from '../../../src/kubernetes/updateStrategy.ts';

const workload = (kind: string, spec: WorkloadSpec, status: WorkloadStatus = {}): WorkloadObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'web' },
  spec,
  status,
});

const rolling = { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } };

describe('what is replaced at once, and can be waited for', () => {
  test.each<readonly [string, WorkloadObject]>([
    [
      '3 pods will restart, a few at a time (RollingUpdate, maxSurge 25%, maxUnavailable 0)',
      workload('Deployment', { replicas: 3, strategy: rolling }),
    ],
    [
      '1 pod will restart, all at once (Recreate): the app is not available meanwhile',
      workload('Deployment', { replicas: 1, strategy: { type: 'Recreate' } }),
    ],
    [
      '3 pods will restart, a few at a time (RollingUpdate)',
      workload('StatefulSet', {
        replicas: 3,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      }),
    ],
    [
      '2 of 5 pods will restart, from number 3 up (partition 3)',
      workload('StatefulSet', {
        replicas: 5,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 3 } },
      }),
    ],
    [
      '4 of 5 pods will restart, from number 11 up (partition 11)',
      workload('StatefulSet', {
        replicas: 5,
        ordinals: { start: 10 },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 11 } },
      }),
    ],
    [
      '5 pods will restart, a few at a time (RollingUpdate)',
      workload('StatefulSet', {
        replicas: 5,
        ordinals: { start: 10 },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 4 } },
      }),
    ],
    [
      '7 pods will restart, a few at a time (RollingUpdate, maxUnavailable 1)',
      workload(
        'DaemonSet',
        { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } } },
        { desiredNumberScheduled: 7 },
      ),
    ],
  ])('%s', (text, object) => {
    expect(restartOf(object)).toEqual({ rollout: true, text });
  });
});

describe('what waits for something else', () => {
  test.each<readonly [RegExp, WorkloadObject]>([
    [
      /paused; 3 pods will restart once it is resumed/,
      workload('Deployment', { replicas: 3, paused: true, strategy: rolling }),
    ],
    [/scaled to 0/, workload('Deployment', { replicas: 0, strategy: rolling })],
    [/scaled to 0/, workload('StatefulSet', { replicas: 0 })],
    [/OnDelete.*delete its 3 pods/, workload('StatefulSet', { replicas: 3, updateStrategy: { type: 'OnDelete' } })],
    [
      /OnDelete.*delete its 1 pod,/,
      workload('DaemonSet', { updateStrategy: { type: 'OnDelete' } }, { desiredNumberScheduled: 1 }),
    ],
    [
      /partition is 3, above every pod/,
      workload('StatefulSet', {
        replicas: 3,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 3 } },
      }),
    ],
    [/only new pods are changed; delete its 2 pods/, workload('ReplicaSet', { replicas: 2 }, { replicas: 2 })],
    [
      /only new pods are changed; delete its 1 pod,/,
      workload('ReplicationController', { replicas: 2 }, { replicas: 1 }),
    ],
    [/next run \(schedule "0 3 \* \* \*"\).*running jobs are not/, workload('CronJob', { schedule: '0 3 * * *' })],
    [/after it is resumed \(it is suspended\)/, workload('CronJob', { schedule: '0 3 * * *', suspend: true })],
    [/only pods that are made from it later/, workload('PodTemplate', {})],
  ])('%s', (text, object) => {
    const restart = restartOf(object);
    expect(restart.rollout).toBe(false);
    expect(restart.text).toMatch(text);
    expect(restart.text).toMatch(/^no pod restarts/);
  });
});
