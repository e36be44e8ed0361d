import { expect, test } from 'vitest';
import { judge } from '../../../../src/diagnosis/judge/judge.ts';
import { askedFor } from '../../../../src/diagnosis/judge/nextPod.ts';
import { dryRunOf } from '../../../../src/diagnosis/judge/refused.ts';
import { explain, type WhyFacts, type WhyResult } from '../../../../src/diagnosis/report/explain.ts';
import { formatWhy } from '../../../../src/diagnosis/report/format.ts';
import type { PodVerdict, Refusal, RefusedPods } from '../../../../src/dryRun/index.ts';
import { planInjection, withAddition } from '../../../../src/inject/index.ts';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { asking, deployment, pod, release, stateOf, subject } from '../../../support/diagnosis/builders.ts';

const words = 'cpu max limit to request ratio per Container is 4, but provided ratio is 25.000000';
const refusal: Refusal = { by: 'limit_range', names: ['no-overcommit'], words, exceedsQuota: false, uncalled: false };
const annotations = { 'packet-capture/cpu-request': '63m' };
const bySidecar: RefusedPods = {
  outcome: 'refused_by_sidecar',
  refusal,
  remedy: { text: 'Give it more.', annotations, proven: true },
};
const anyway: RefusedPods = { outcome: 'refused_anyway', refusal };

const owners = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', object: deployment(asking) }];
const found = subject(pod(), { owners });

function why(verdict: RefusedPods, of: Partial<WhyFacts> = {}): WhyResult {
  const siblings = [1, 2].map(() => ({ subject: found, judgement: judge(found, [stateOf()]) }));
  return explain({
    object: 'deployment/web',
    subject: found,
    judgement: judge(found, [stateOf()]),
    dryRun: { kind: 'refused', verdict },
    state: undefined,
    siblings,
    known: true,
    now: new Date('2026-11-23T00:00:00Z'),
    ...of,
  });
}

test('pods that are refused because of the sidecar: the message, its source, and the command that helps', () => {
  const result = why(bySidecar);
  expect(result).toMatchObject({ state: 'refused', reason: 'pods_refused_by_sidecar' });
  expect(result.conditions.at(-1)).toEqual({
    met: false,
    what: `no pod can be created: the LimitRange no-overcommit: ${words}`,
  });
  expect(result.next).toBe(
    `kubectl patch deployment/web --namespace shop --type merge --patch '{"spec":{"template":{"metadata":{"annotations":{"packet-capture/cpu-request":"63m"}}}}}'`,
  );
  expect(formatWhy(result)[0]).toBe('deployment/web in namespace shop: no pod can be created');
});

test.each([
  ['because of the sidecar', bySidecar],
  [
    'because of the sidecar, without a remedy that is proven',
    { ...bySidecar, remedy: { text: 'Ask.', annotations: {}, proven: false } },
  ],
  ['anyway', anyway],
] as const)('refused %s: nothing advised takes away a pod that runs', (_name, verdict) => {
  for (const siblings of [undefined, why(verdict) && []]) {
    expect(JSON.stringify(why(verdict, { siblings }))).not.toMatch(/rollout restart|delete pod/);
  }
  expect(JSON.stringify(why(verdict))).not.toMatch(/rollout restart|delete pod/);
});

test('a template with the sidecar is reported, and that no new pod can be created', () => {
  const plan = planInjection(pod(), { config: defaultSidecarConfig, settings: {}, podSecurity: 'privileged' });
  const carried = plan.inject ? { ...pod(), ...withAddition(pod(), plan.addition) } : pod();
  const object = { ...deployment(asking), spec: { replicas: 1, template: carried } };
  const metadata = { ...pod().metadata, annotations: carried.metadata?.annotations ?? {} };
  const carrying = subject(
    { ...carried, metadata },
    { owners: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', object }] },
  );
  const result = why(bySidecar, { subject: carrying, judgement: judge(carrying, [stateOf()]), siblings: [] });
  expect(result).toMatchObject({
    state: 'refused',
    next: 'Give it more.',
    verdict: expect.stringMatching(/^It is injected, but no new pod can be created/),
  });
  const asked = askedFor(carrying, object, stateOf());
  expect(asked.without.spec?.initContainers).toEqual([]);
  expect(asked.without.metadata?.annotations).toEqual({ ...asking, 'packet-capture/inject': 'false' });
});

test('the pod that an injector makes is calculated, and the pod without the sidecar opts out by every key', () => {
  const asked = askedFor(found, deployment(asking), { ...stateOf(release('team/injection', 'team/inject')) });
  expect(asked.with).toEqual(deployment(asking).spec?.['template' as never]);
  expect(asked.injected?.spec?.initContainers?.map(({ name }) => name)).toEqual(['packet-capture']);
  expect(asked.without.metadata?.annotations).toEqual({ 'team/inject': 'false', 'packet-capture/inject': 'false' });
});

test('a pod without a controller is not reported as refused when it would be refused anyway', () => {
  const carries = (): boolean => true;
  expect(dryRunOf(anyway, subject(), carries, true)).toEqual({ kind: 'unknown', why: words });
  expect(dryRunOf(anyway, found, carries, true)).toEqual({ kind: 'refused', verdict: anyway });
  expect(dryRunOf(bySidecar, subject(), carries, true)).toEqual({ kind: 'refused', verdict: bySidecar });
  const later: PodVerdict = {
    outcome: 'fits',
    warnings: [],
    notes: ['a new pod can be created after an old one is deleted'],
  };
  expect(dryRunOf(later, found, carries, true)).toMatchObject({ kind: 'made', injects: true });
  expect(dryRunOf(later, found, carries, false)).toMatchObject({ kind: 'made', injects: false });
});
