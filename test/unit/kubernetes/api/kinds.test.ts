import { expect, test } from 'vitest';
import { templatePath } from '../../../../src/kubernetes/api/kinds.ts';

test.each([
  ['v1', 'Pod', []],
  ['v1', 'PodTemplate', ['template']],
  ['v1', 'ReplicationController', ['spec', 'template']],
  ['apps/v1', 'Deployment', ['spec', 'template']],
  ['apps/v1', 'StatefulSet', ['spec', 'template']],
  ['apps/v1', 'DaemonSet', ['spec', 'template']],
  ['apps/v1', 'ReplicaSet', ['spec', 'template']],
  ['extensions/v1beta1', 'Deployment', ['spec', 'template']],
  ['batch/v1', 'Job', ['spec', 'template']],
  ['batch/v1', 'CronJob', ['spec', 'jobTemplate', 'spec', 'template']],
])('%s %s has its pod template at %j', (apiVersion, kind, path) => {
  expect(templatePath(apiVersion, kind)).toEqual(path);
});

test.each([
  ['v1', 'Service'],
  ['v1', 'Deployment'],
  ['example.com/v1', 'Deployment'],
  ['serving.knative.dev/v1', 'Service'],
  ['v1', 'constructor'],
])('%s %s is not a workload', (apiVersion, kind) => {
  expect(templatePath(apiVersion, kind)).toBeUndefined();
});
