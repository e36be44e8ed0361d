import { expect, test } from 'vitest';
import { judge } from '../../../../src/diagnosis/judge/judge.ts';
import { judgeCluster } from '../../../../src/diagnosis/judge/judgeCluster.ts';
import { explain, type WhyFacts, type WhyResult } from '../../../../src/diagnosis/report/explain.ts';
import { formatWhy } from '../../../../src/diagnosis/report/format.ts';
import { restartTargets } from '../../../../src/diagnosis/restart.ts';
import { planInjection, withAddition } from '../../../../src/inject/index.ts';
import type { Pod } from '../../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { asking, deployment, namespace, pod, stateOf, subject } from '../../../support/diagnosis/builders.ts';

const owners = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', object: deployment(asking) }];
const made = { kind: 'made', injects: true, warnings: [], notes: [] } as const;
const pulled = 'Back-off pulling image "registry.invalid/agent:1": not found';

function injected(reason: string, message = pulled, container = 'packet-capture'): Pod {
  const bare = pod();
  const plan = planInjection(bare, { config: defaultSidecarConfig, settings: {}, podSecurity: 'privileged' });
  if (!plan.inject) throw new Error('the pod is not injected');
  const state = reason === '' ? { running: {} } : { waiting: { reason, message } };
  const carrying = withAddition(bare, plan.addition);
  return {
    ...bare,
    ...carrying,
    metadata: { ...bare.metadata, name: 'web-2', annotations: carrying.metadata?.annotations ?? {} },
    status: { phase: 'Pending', initContainerStatuses: [{ name: container, state }] },
  };
}

function why(pods: readonly Pod[], of: Partial<WhyFacts> = {}): WhyResult {
  const found = subject(pod(), { owners });
  const siblings = pods
    .map((one) => subject(one, { owners }))
    .map((one) => ({ subject: one, judgement: judge(one, [stateOf()]) }));
  const facts: WhyFacts = {
    object: 'deployment/web',
    subject: found,
    judgement: judge(found, [stateOf()]),
    dryRun: made,
    state: undefined,
    siblings,
    kin: pods,
    known: true,
    now: new Date('2026-11-23T00:00:00Z'),
  };
  return explain({ ...facts, ...of });
}

const nothingIsTaken = /rollout restart|rollout resume|delete pod|create it again/;

test.each([
  ['ImagePullBackOff', pulled],
  ['ErrImagePull', pulled],
  ['CreateContainerConfigError', "container has runAsNonRoot and image will run as root (pod: 'web-2')"],
  ['CreateContainerError', 'failed to create containerd container'],
  ['CrashLoopBackOff', 'back-off 40s restarting failed container'],
])(
  "for a workload whose new pods wait with %s, why names the container, its image and the kubelet's message",
  (reason, message) => {
    const result = why([pod(), injected(reason, message)]);
    expect(result).toMatchObject({ state: 'broken', reason: 'sidecar_waiting', pods: { living: 2, injected: 1 } });
    const image = 'registry.invalid/packet-capture/agent:0.1.0';
    expect(result.conditions.at(-1)).toEqual({
      met: false,
      what: `1 pod waits: container packet-capture, image ${image}: ${reason}: ${message}`,
    });
    expect(JSON.stringify(result)).not.toMatch(nothingIsTaken);
    expect(result.next).toMatch(/do not restart the running pods/);
    expect(formatWhy(result).join('\n')).toContain(`✗ 1 pod waits: container packet-capture`);
  },
);

test('for the waiting pod and for an older one, why advises nothing that removes a running pod', () => {
  const waiting = injected('ImagePullBackOff');
  const itself = subject(waiting, { owners });
  expect(
    why([waiting], {
      object: 'pod/web-2',
      subject: itself,
      judgement: judge(itself, [stateOf()]),
      siblings: undefined,
    }),
  ).toMatchObject({
    state: 'broken',
    reason: 'sidecar_waiting',
    verdict: expect.stringMatching(/^It is injected, but /),
  });
  const old = why([pod(), waiting], { object: 'pod/web-1', siblings: undefined });
  expect(old).toMatchObject({
    state: 'missed',
    reason: 'sidecar_waiting',
    verdict: expect.stringMatching(/^It is not injected: /),
  });
  expect(JSON.stringify(old)).not.toMatch(nothingIsTaken);
});

test('a template with the sidecar, an older pod and a pod that waits', () => {
  const template = injected('ImagePullBackOff');
  const object = { ...deployment(asking), spec: { replicas: 1, template } };
  const carrying = subject(template, { owners: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', object }] });
  const result = why([pod(), template], { subject: carrying, judgement: judge(carrying, [stateOf()]) });
  expect(result).toMatchObject({ state: 'broken', reason: 'sidecar_waiting' });
  expect(JSON.stringify(result)).not.toMatch(nothingIsTaken);
});

test('without a release, a pod from before its template had the sidecar is of an older template', () => {
  const object = { ...deployment({}), spec: { replicas: 1, template: injected('') } };
  const old = subject(pod({}), { owners: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', object }] });
  const result = (kin: readonly Pod[]): WhyResult =>
    why(kin, { object: 'pod/web-1', subject: old, judgement: judge(old, []), siblings: undefined });
  expect(result([pod({}), injected('')])).toMatchObject({
    state: 'missed',
    reason: 'older_template',
    next: expect.stringContaining('rollout restart'),
  });
  expect(result([pod({}), injected('ErrImagePull')])).toMatchObject({ state: 'missed', reason: 'sidecar_waiting' });
});

test('a waiting container that mirrors is reported; containers of the app and temporary states are not', () => {
  const mirror = injected('ImagePullBackOff', pulled, 'packet-capture-mirror');
  expect(
    why([
      {
        ...mirror,
        spec: {
          ...mirror.spec,
          initContainers: [...(mirror.spec?.initContainers ?? []), { name: 'packet-capture-mirror', image: 'm' }],
        },
      },
    ]),
  ).toMatchObject({ reason: 'sidecar_waiting' });
  for (const one of [
    injected('ImagePullBackOff', pulled, 'migrate'),
    injected('PodInitializing'),
    injected('ContainerCreating'),
    injected(''),
  ]) {
    expect(why([one])).toMatchObject({ state: 'injected', reason: null });
  }
});

test('a custom sidecar is reported too, wherever its container is', () => {
  const config = {
    form: 'custom',
    containers: [{ name: 'sniff', image: 'sniff:1' }],
    initContainers: [],
    volumes: [],
  } as const;
  const state = stateOf(undefined, { sidecar: config });
  const bare = pod();
  const one: Pod = {
    ...bare,
    spec: { containers: [{ name: 'app', image: 'app' }, ...config.containers] },
    status: {
      phase: 'Pending',
      containerStatuses: [{ name: 'sniff', state: { waiting: { reason: 'ErrImagePull', message: pulled } } }],
    },
  };
  const found = subject(one, { owners });
  const result = why([one], {
    object: 'pod/web-1',
    subject: found,
    judgement: judge(found, [state]),
    siblings: undefined,
  });
  expect(result).toMatchObject({ state: 'broken', reason: 'sidecar_waiting' });
  expect(result.conditions.at(-1)?.what).toBe(`1 pod waits: container sniff, image sniff:1: ErrImagePull: ${pulled}`);
});

test('check restarts no workload whose new pods wait', () => {
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true }];
  const owned = (one: Pod): Pod => ({ ...one, metadata: { ...one.metadata, ownerReferences } });
  const state = stateOf();
  const { missed, findings } = judgeCluster({
    registrations: { releases: [state.release], policyApi: true },
    compatibility: [],
    states: [state],
    trial: { tried: [], leftOut: [] },
    namespace: undefined,
    inventory: {
      namespaces: [namespace({ 'packet-capture/injection': 'enabled' })],
      workloads: [deployment(asking)],
      pods: [owned(pod()), owned(injected('ImagePullBackOff'))],
    },
    now: new Date('2026-11-23T00:00:00Z'),
  });
  expect(findings.find(({ code }) => code === 'sidecar_waiting')).toMatchObject({
    level: 'error',
    where: 'deployment/web in shop',
    what: expect.stringMatching(
      /^1 pod: container packet-capture, image registry\.invalid.*: ImagePullBackOff: Back-off/,
    ),
  });
  expect(missed).toMatchObject([{ pod: 'web-1', reason: 'sidecar_waiting', restart: null }]);
  expect(JSON.stringify(missed)).not.toMatch(nothingIsTaken);
  expect(restartTargets(missed)).toEqual([]);
});
