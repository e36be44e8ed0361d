import { expect, test } from 'vitest';
import { judgePods } from '../../../../src/diagnosis/judge/judgePods.ts';
import { triedFindings } from '../../../../src/diagnosis/judge/tried.ts';
import { waitingFindings } from '../../../../src/diagnosis/judge/waiting.ts';
import { failingWorkloads } from '../../../../src/diagnosis/read/failedCreation.ts';
import type { PodVerdict, Refusal } from '../../../../src/dryRun/index.ts';
import type { WorkloadObject } from '../../../../src/kubernetes/api/types.ts';
import { asking, pod, stateOf, subject } from '../../../support/diagnosis/builders.ts';

const template = { metadata: { annotations: asking }, spec: { containers: [{ name: 'app' }] } };

function workload(kind: string, name: string, rest: object = {}, owner?: WorkloadObject): WorkloadObject {
  const batch = kind === 'Job' || kind === 'CronJob';
  const owners =
    owner === undefined
      ? {}
      : {
          ownerReferences: [
            { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, controller: true },
          ],
        };
  const spec = kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template };
  return {
    apiVersion: batch ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name, namespace: 'shop', ...owners },
    spec,
    ...rest,
  } as WorkloadObject;
}

const failing = { status: { conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }] } };
const namesOf = (found: readonly WorkloadObject[]): string[] =>
  found.map(({ kind, metadata }) => `${kind}/${metadata.name}`);

test('workloads with the condition, with a ReplicaSet or Job that has it, and those that an event names', () => {
  const [web, nightly] = [workload('Deployment', 'web'), workload('CronJob', 'nightly')];
  const all = [
    web,
    workload('ReplicaSet', 'web-1', failing, web),
    workload('Deployment', 'well'),
    workload('StatefulSet', 'db'),
    workload('DaemonSet', 'agent'),
    nightly,
    workload('Job', 'nightly-1', {}, nightly),
    workload('Deployment', 'itself', failing),
  ];
  const events = new Set([
    'shop/StatefulSet/db',
    'shop/Job/nightly-1',
    'shop/ReplicaSet/web-1',
    'other/DaemonSet/agent',
  ]);
  expect(namesOf(failingWorkloads(all, { keys: events, complete: true }))).toEqual([
    'Deployment/web',
    'Deployment/itself',
    'StatefulSet/db',
    'CronJob/nightly',
  ]);
});

test('without events, those that are short of pods', () => {
  const all = [
    workload('Deployment', 'short', { spec: { replicas: 3, template }, status: { replicas: 2 } }),
    workload('Deployment', 'full', { spec: { replicas: 3, template }, status: { replicas: 3 } }),
    workload('DaemonSet', 'agent', { status: { desiredNumberScheduled: 2, numberAvailable: 1 } }),
    workload('Job', 'done'),
  ];
  expect(namesOf(failingWorkloads(all, undefined))).toEqual(['Deployment/short', 'DaemonSet/agent']);
  // Nor are some events all of them.
  const keys = new Set(['shop/Job/done']);
  expect(namesOf(failingWorkloads(all, { keys, complete: false }))).toEqual([
    'Deployment/short',
    'DaemonSet/agent',
    'Job/done',
  ]);
  expect(namesOf(failingWorkloads(all, { keys, complete: true }))).toEqual(['Job/done']);
});

const refusal: Refusal = {
  by: 'resource_quota',
  names: ['small'],
  words: 'exceeded quota',
  exceedsQuota: true,
  uncalled: false,
};
const remedy = { text: 'Raise it.', annotations: {}, proven: false };

test.each<readonly [PodVerdict, readonly object[]]>([
  [{ outcome: 'fits', warnings: [], notes: [] }, []],
  [
    { outcome: 'refused_by_sidecar', refusal, remedy },
    [
      {
        level: 'error',
        code: 'pods_refused_by_sidecar',
        where: 'deployment/web in shop',
        what: 'the ResourceQuota small: exceeded quota',
        hint: 'Raise it.',
      },
    ],
  ],
  [
    { outcome: 'refused_anyway', refusal },
    [{ level: 'note', code: 'pods_refused', what: 'the ResourceQuota small: exceeded quota' }],
  ],
  [
    { outcome: 'unknown', why: 'you may not create pods in namespace shop' },
    [{ level: 'warning', code: 'pods_untried', what: 'you may not create pods in namespace shop' }],
  ],
])('%j', (verdict, expected) => {
  expect(triedFindings({ tried: [{ object: workload('Deployment', 'web'), verdict }], leftOut: [] })).toMatchObject(
    expected,
  );
});

test('it is reported when not all events were read', () => {
  expect(triedFindings({ tried: [], leftOut: [], unreadEvents: true })).toMatchObject([
    { level: 'warning', code: 'pods_untried', where: 'the cluster', what: expect.stringContaining('5000 events') },
  ]);
});

test('workloads that are left out are named and counted', () => {
  const leftOut = Array.from({ length: 7 }, (_, index) => workload('Deployment', `web-${index}`));
  const [only] = triedFindings({ tried: [], leftOut });
  expect(only).toMatchObject({
    level: 'warning',
    code: 'pods_untried',
    what: expect.stringMatching(/^not tested: deployment\/web-0 in shop, .*deployment\/web-4 in shop, and 2 more$/),
  });
});

const status = JSON.stringify({ version: '0.1.0', containers: ['packet-capture'], volumes: [] });

test.each([
  ['ImagePullBackOff', 'packet-capture', true],
  ['CreateContainerConfigError', 'packet-capture', true],
  ['PodInitializing', 'packet-capture', false],
  ['CrashLoopBackOff', 'packet-capture', true],
  ['CrashLoopBackOff', 'packet-capture', false, 'Running'],
  ['ImagePullBackOff', 'setup', false],
])('a container waits for %s: %s, an error: %s', (reason, name, expected, phase = 'Pending') => {
  const carrying = pod(
    { ...asking, 'packet-capture/status': status },
    { initContainers: [{ name: 'packet-capture', image: 'agent:1', restartPolicy: 'Always' }] },
  );
  const waiting = {
    ...carrying,
    status: { phase, initContainerStatuses: [{ name, state: { waiting: { reason, message: 'no such image' } } }] },
  };
  const found = waitingFindings(judgePods([subject(waiting), subject(waiting)], [stateOf()]));
  expect(found).toMatchObject(
    expected
      ? [
          {
            level: 'error',
            code: 'sidecar_waiting',
            where: 'pod/web-1 in shop',
            what: `2 pods: container packet-capture, image agent:1: ${reason}: no such image`,
          },
        ]
      : [],
  );
});
