import { describe, expect, test } from 'vitest';
import type { Metadata, WorkloadObject } from '../../../src/kubernetes/api/types.ts';
import { guardOperations, workloadOf } from '../../../src/kubernetes/workload.ts';

const template = { spec: { containers: [{ name: 'app' }] } };
const object = (
  apiVersion: string,
  kind: string,
  metadata: Partial<Metadata> = {},
  spec: object = { template },
): WorkloadObject => ({
  apiVersion,
  kind,
  metadata: { name: 'web', namespace: 'shop', ...metadata },
  spec,
});

describe('workloadOf', () => {
  test.each([
    ['apps/v1', 'Deployment'],
    ['apps/v1', 'StatefulSet'],
    ['apps/v1', 'DaemonSet'],
    ['apps/v1', 'ReplicaSet'],
    ['v1', 'ReplicationController'],
  ])('%s %s has its pod template in spec.template', (apiVersion, kind) => {
    expect(workloadOf(object(apiVersion, kind))).toMatchObject({
      where: `${kind.toLowerCase()}/web in namespace shop`,
      namespace: 'shop',
      path: ['spec', 'template'],
      template,
    });
  });

  test('a CronJob has its pod template at a deeper path', () => {
    expect(workloadOf(object('batch/v1', 'CronJob', {}, { jobTemplate: { spec: { template } } }))).toMatchObject({
      path: ['spec', 'jobTemplate', 'spec', 'template'],
      template,
    });
  });

  const refusal = (given: WorkloadObject): unknown => {
    try {
      return workloadOf(given);
    } catch (error) {
      return error;
    }
  };

  test.each<readonly [string, RegExp, WorkloadObject]>([
    ['KIND_UNSUPPORTED', /packet-capture inject -f/, object('v1', 'Pod')],
    [
      'KIND_UNSUPPORTED',
      /Name its owner: statefulset\/db/,
      object('v1', 'Pod', {
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', controller: true }],
      }),
    ],
    ['KIND_UNSUPPORTED', /packet-capture inject -f/, object('batch/v1', 'Job')],
    [
      'KIND_UNSUPPORTED',
      /Name its owner: cronjob\/nightly/,
      object('batch/v1', 'Job', {
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly', controller: true }],
      }),
    ],
    ['KIND_UNSUPPORTED', /Name a workload/, object('v1', 'ConfigMap')],
    ['KIND_UNSUPPORTED', /Name a workload/, object('argoproj.io/v1alpha1', 'Deployment')],
    [
      'NOT_INJECTABLE',
      /Name its owner: deployment\/web/,
      object('apps/v1', 'ReplicaSet', {
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true }],
      }),
    ],
    [
      'NOT_INJECTABLE',
      /through prometheus\/k8s itself/,
      object('apps/v1', 'StatefulSet', {
        ownerReferences: [
          { apiVersion: 'monitoring.coreos.com/v1', kind: 'Prometheus', name: 'k8s', controller: true },
        ],
      }),
    ],
    ['NOT_INJECTABLE', /./, object('apps/v1', 'Deployment', { deletionTimestamp: '2026-01-01T00:00:00Z' })],
  ])('%s, hint %s', (code, hint, given) => {
    expect(refusal(given)).toMatchObject({
      code,
      hint: expect.stringMatching(hint),
      where: expect.stringContaining('/web in namespace shop'),
    });
  });
});

describe('guardOperations', () => {
  test('compare the object and its spec, but not its status', () => {
    expect(
      guardOperations(object('apps/v1', 'Deployment', { uid: 'u', generation: 3, resourceVersion: '77' })),
    ).toEqual([
      { op: 'test', path: '/metadata/uid', value: 'u' },
      { op: 'test', path: '/metadata/generation', value: 3 },
    ]);
  });

  test('compare the whole object if it has no generation', () => {
    expect(guardOperations(object('apps/v1', 'Deployment', { uid: 'u', resourceVersion: '77' }))[1]).toEqual({
      op: 'test',
      path: '/metadata/resourceVersion',
      value: '77',
    });
  });
});
