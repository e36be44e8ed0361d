import { describe, expect, test } from 'vitest';
import { inScope, quotaShortage, type Replacement, type ResourceQuota } from '../../../src/dryRun/quota.ts';
import { needsSurge, replicasOf } from '../../../src/dryRun/replacement.ts';
import type { UpdateStrategy, WorkloadObject, PodSpec } from '../../../src/kubernetes/api/types.ts';

const app: PodSpec = { containers: [{ name: 'app', resources: { requests: { memory: '100Mi' } } }] };
const carrying: PodSpec = {
  ...app,
  initContainers: [
    {
      name: 'packet-capture',
      restartPolicy: 'Always',
      resources: { requests: { memory: '16Mi' }, limits: { memory: '64Mi' } },
    },
  ],
};

function quota(
  hard: Readonly<Record<string, string>>,
  used: Readonly<Record<string, string>>,
  spec: NonNullable<ResourceQuota['spec']> = {},
): ResourceQuota {
  return { metadata: { name: 'small' }, spec, status: { hard, used } };
}

function pods(count: number, changed: Partial<Replacement> = {}): Replacement {
  return {
    present: Array.from({ length: count }, () => app),
    replicas: count,
    surge: false,
    with: carrying,
    without: app,
    ...changed,
  };
}

describe('a quota of memory for the requests of three pods', () => {
  const full = (hard: string, used = '300Mi'): ResourceQuota[] => [
    quota({ 'requests.memory': hard }, { 'requests.memory': used }),
  ];

  test('that they use up has room for the new pods when the old ones are deleted', () => {
    expect(quotaShortage(full('348Mi'), pods(3))).toBeUndefined();
  });

  test('that is one mebibyte too small for the sidecars refuses one pod', () => {
    expect(quotaShortage(full('347Mi'), pods(3))).toMatchObject({
      quota: 'small',
      resource: 'requests.memory',
      fitting: { with: 2, without: 3 },
      missing: '1Mi',
      bySidecar: true,
      words: 'quota small: with the sidecar 3 pods need 348Mi of requests.memory; 347Mi of 347Mi is left for them',
    });
  });

  test('must have room for an old pod too when a new pod is created first', () => {
    expect(quotaShortage(full('447Mi'), pods(3, { surge: true }))).toMatchObject({ missing: '1Mi', bySidecar: true });
    expect(quotaShortage(full('448Mi'), pods(3, { surge: true }))).toBeUndefined();
    expect(quotaShortage(full('350Mi'), pods(3, { surge: true }))).toMatchObject({ bySidecar: false });
  });

  test('that is too small for the app alone is not blamed on the sidecar, unless fewer pods fit', () => {
    expect(quotaShortage(full('250Mi', '200Mi'), pods(2, { replicas: 3 }))).toMatchObject({
      fitting: { with: 2, without: 2 },
      bySidecar: false,
    });
    expect(quotaShortage(full('200Mi', '200Mi'), pods(2, { replicas: 3 }))).toMatchObject({
      fitting: { with: 1, without: 2 },
      bySidecar: true,
    });
  });

  test('counts what other pods use', () => {
    const used = [quota({ 'requests.memory': '1Gi' }, { 'requests.memory': '900Mi' })];
    expect(quotaShortage(used, pods(3))).toBeUndefined();
    expect(quotaShortage(used, pods(1))).toBeUndefined();
    expect(
      quotaShortage([quota({ 'requests.memory': '1000Mi' }, { 'requests.memory': '1000Mi' })], pods(1)),
    ).toMatchObject({ missing: '16Mi' });
  });
});

test('when one resource has no room already, another one is not blamed', () => {
  const both = (memory: string): ResourceQuota[] => [
    quota({ 'requests.memory': memory, 'limits.memory': '10Mi' }, { 'requests.memory': '0', 'limits.memory': '0' }),
  ];
  expect(quotaShortage(both('50Mi'), pods(1, { present: [] }))).toMatchObject({
    fitting: { with: 0, without: 0 },
    bySidecar: false,
  });
  expect(quotaShortage(both('100Mi'), pods(1, { present: [] }))).toMatchObject({
    fitting: { with: 0, without: 1 },
    bySidecar: true,
  });
});

test('limits, pods and resources without a prefix are counted as in the API server', () => {
  expect(quotaShortage([quota({ 'limits.memory': '63Mi' }, { 'limits.memory': '0' })], pods(1))).toMatchObject({
    resource: 'limits.memory',
    bySidecar: true,
  });
  expect(quotaShortage([quota({ memory: '115Mi' }, { memory: '100Mi' })], pods(1))).toMatchObject({
    resource: 'memory',
    bySidecar: true,
  });
  expect(
    quotaShortage([quota({ pods: '3', 'count/pods': '3' }, { pods: '3', 'count/pods': '3' })], pods(3)),
  ).toBeUndefined();
  expect(quotaShortage([quota({ services: '0' }, { services: '0' })], pods(3))).toBeUndefined();
});

test('a pod that becomes Burstable because of the sidecar counts in the quota of Burstable pods', () => {
  const bare: PodSpec = { containers: [{ name: 'app' }] };
  const burstable = { ...bare, initContainers: carrying.initContainers ?? [] };
  const no = quota({ pods: '0' }, { pods: '0' }, { scopes: ['NotBestEffort'] });
  expect(quotaShortage([no], pods(1, { present: [bare], with: burstable, without: bare }))).toMatchObject({
    resource: 'pods',
    bySidecar: true,
  });
  expect(inScope(quota({}, {}, { scopes: ['BestEffort'] }), bare)).toBe(true);
  expect(inScope(quota({}, {}, { scopes: ['BestEffort', 'NotTerminating'] }), burstable)).toBe(false);
});

test.each([
  ['In', ['high'], 'high', true],
  ['In', ['high'], undefined, false],
  ['NotIn', ['high'], undefined, true],
  ['NotIn', ['high'], 'high', false],
  ['Exists', undefined, 'low', true],
  ['DoesNotExist', undefined, undefined, true],
] as const)('the scope PriorityClass %s %j and a pod of %s: %s', (operator, values, priorityClassName, expected) => {
  const term = { scopeName: 'PriorityClass', operator, ...(values === undefined ? {} : { values }) };
  const pod = { ...app, ...(priorityClassName === undefined ? {} : { priorityClassName }) };
  expect(inScope(quota({}, {}, { scopeSelector: { matchExpressions: [term] } }), pod)).toBe(expected);
});

const workload = (kind: string, spec: object, status: object = {}): WorkloadObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'web' },
  spec,
  status,
});
const rolling = (rest: NonNullable<UpdateStrategy['rollingUpdate']>): object => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: rest },
});

test.each([
  ['Deployment', { replicas: 1 }, true],
  ['Deployment', { replicas: 3 }, true],
  ['Deployment', { replicas: 4 }, false],
  ['Deployment', { replicas: 4, ...rolling({ maxUnavailable: 0 }) }, true],
  ['Deployment', { replicas: 1, ...rolling({ maxUnavailable: 0, maxSurge: 0 }) }, false],
  ['Deployment', { replicas: 1, strategy: { type: 'Recreate' } }, false],
  ['StatefulSet', { replicas: 1 }, false],
  ['DaemonSet', {}, false],
  ['DaemonSet', { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }, true],
] as const)('whether a %s of %j needs room for one more pod: %s', (kind, spec, expected) => {
  expect(needsSurge(workload(kind, spec))).toBe(expected);
});

test('the number of pods of each kind', () => {
  expect(replicasOf(workload('DaemonSet', {}, { desiredNumberScheduled: 5 }))).toBe(5);
  expect(replicasOf(workload('Job', { parallelism: 3 }))).toBe(3);
  expect(replicasOf(workload('CronJob', { jobTemplate: { spec: { parallelism: 2 } } }))).toBe(2);
  expect(replicasOf(workload('Deployment', {}))).toBe(1);
});
