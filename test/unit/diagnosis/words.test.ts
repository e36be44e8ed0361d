import { expect, test } from 'vitest';
import { adviceFor } from '../../../src/diagnosis/judge/advice.ts';
import { judgeCompatibility } from '../../../src/diagnosis/judge/compatibility.ts';
import { judge } from '../../../src/diagnosis/judge/judge.ts';
import { ownersOf, rollOf, type Owner } from '../../../src/diagnosis/read/podOwners.ts';
import { explain, type WhyFacts } from '../../../src/diagnosis/report/explain.ts';
import { formatWhy } from '../../../src/diagnosis/report/format.ts';
import { holds, termsOf, termText } from '../../../src/kubernetes/api/labels.ts';
import type { WorkloadObject } from '../../../src/kubernetes/api/types.ts';
import { asking, deployment, pod, release, stateOf, subject } from '../../support/diagnosis/builders.ts';

const now = new Date('2026-11-23T00:00:00Z');

test('the ways that a cluster supports follow from its version, its API and the rights', () => {
  const codes = (rest: Partial<Parameters<typeof judgeCompatibility>[0]>): string[] =>
    judgeCompatibility({ kubernetes: '1.37.2', minor: 37, policyApi: true, refused: [], ...rest }).map(
      ({ code }) => code,
    );
  expect(codes({})).toEqual([
    'kubernetes_version',
    'manifest_available',
    'patch_available',
    'webhook_available',
    'policy_available',
  ]);
  expect(codes({ minor: 28 })).toEqual(['kubernetes_too_old']);
  expect(codes({ minor: 29, policyApi: false })).toEqual([
    'kubernetes_version',
    'manifest_available',
    'patch_available',
    'webhook_version',
    'policy_missing',
  ]);
  const refused = [
    { way: 'patch' as const, verb: 'patch', group: 'apps', resource: 'deployments', namespace: '' },
    {
      way: 'webhook' as const,
      verb: 'create',
      group: 'admissionregistration.k8s.io',
      resource: 'mutatingwebhookconfigurations',
      namespace: '',
    },
  ];
  expect(codes({ refused })).toEqual([
    'kubernetes_version',
    'manifest_available',
    'patch_rights',
    'webhook_rights',
    'policy_available',
  ]);
  expect(codes({ refused: undefined })).toContain('rights_unknown');
});

test('selectors match as in the API server', () => {
  const labels = { a: '1' };
  const all = termsOf({
    matchLabels: { a: '1' },
    matchExpressions: [
      { key: 'b', operator: 'NotIn', values: ['1'] },
      { key: 'c', operator: 'DoesNotExist' },
      { key: 'a', operator: 'Exists' },
    ],
  });
  expect(all.map((term) => holds(term, labels))).toEqual([true, true, true, true]);
  expect(all.map((term) => holds(term, { a: '2', b: '1', c: '' }))).toEqual([false, false, false, true]);
  expect(all.map((term) => holds(term, {}))).toEqual([false, true, true, false]);
  expect(all.map(termText)).toEqual(['a=1', 'b notin (1)', '!c', 'a']);
});

const owner = (kind: string, apiVersion: string, object?: WorkloadObject): Owner => ({
  kind,
  apiVersion,
  name: 'web',
  object,
});

test.each([
  [
    'a Deployment',
    [owner('ReplicaSet', 'apps/v1'), owner('Deployment', 'apps/v1', deployment({}))],
    'kubectl rollout restart deployment/web --namespace shop',
  ],
  [
    'a paused Deployment',
    [owner('Deployment', 'apps/v1', { ...deployment({}), spec: { paused: true } })],
    'kubectl rollout resume deployment/web --namespace shop',
  ],
  [
    'OnDelete',
    [
      owner('StatefulSet', 'apps/v1', {
        ...deployment({}),
        kind: 'StatefulSet',
        spec: { updateStrategy: { type: 'OnDelete' } },
      }),
    ],
    'kubectl delete pod web-1 --namespace shop',
  ],
  ['a controller that nobody knows', [owner('Thing', 'example.com/v1')], 'kubectl delete pod web-1 --namespace shop'],
  [
    'a CronJob',
    [owner('Job', 'batch/v1'), owner('CronJob', 'batch/v1')],
    'Nothing to do: the next run of cronjob/web goes through admission.',
  ],
  ['a Job', [owner('Job', 'batch/v1')], 'The pods of job/web are not replaced: delete it and create it again.'],
  ['nobody', [], 'No controller replaces this pod: delete it and create it again from its manifest.'],
])('the command that replaces a pod of %s', (_name, owners, line) => {
  expect(rollOf({ name: 'web-1', namespace: 'shop' }, owners).line).toBe(line);
});

test('the chain of owners ends at the last known one', () => {
  const controller = (
    kind: string,
    name: string,
  ): { readonly ownerReferences: [{ apiVersion: string; kind: string; name: string; controller: true }] } => ({
    ownerReferences: [{ apiVersion: 'apps/v1', kind, name, controller: true }],
  });
  const replicaSet: WorkloadObject = {
    ...deployment({}),
    kind: 'ReplicaSet',
    metadata: { name: 'web-1', ...controller('Deployment', 'web') },
  };
  const owners = ownersOf({ name: 'p', ...controller('ReplicaSet', 'web-1') }, (_version, kind) =>
    kind === 'ReplicaSet' ? replicaSet : undefined,
  );
  expect(owners.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['ReplicaSet web-1', 'Deployment web']);
});

test('the advice writes the opt-in into the pod template or namespace, and removes an opt-out', () => {
  const found = subject(pod({}), { owners: [owner('Deployment', 'apps/v1', deployment({}))] });
  const roll = rollOf({ name: 'web-1', namespace: 'shop' }, found.owners);
  const annotations = (line: string): unknown =>
    (JSON.parse(/'(.*)'$/.exec(line)?.[1] ?? 'null') as { spec: { template: { metadata: { annotations: unknown } } } })
      .spec.template.metadata.annotations;
  expect(annotations(adviceFor('not_opted_in', found, release('a/injection', 'a/inject'), roll))).toEqual({
    'a/inject': 'true',
  });
  expect(annotations(adviceFor('opted_out', found, release('a/injection', 'a/inject'), roll))).toEqual({
    'packet-capture/inject': null,
    'a/inject': 'true',
  });
  expect(
    annotations(adviceFor('opted_out', found, release('a/injection', 'packet-capture/inject', true), roll)),
  ).toEqual({ 'packet-capture/inject': null });
  expect(adviceFor('namespace_not_opted_in', found, release(), roll)).toBe(
    'kubectl label namespace shop packet-capture/injection=enabled --overwrite && kubectl rollout restart deployment/web --namespace shop',
  );
  expect(adviceFor('not_opted_in', subject(pod({})), release(), roll)).toContain('the manifest of pod web-1');
});

function facts(rest: Partial<WhyFacts>): WhyFacts {
  const found = subject();
  return {
    object: 'pod/web-1',
    subject: found,
    judgement: judge(found, [stateOf()]),
    dryRun: { kind: 'made', injects: true, warnings: [], notes: [] },
    state: undefined,
    siblings: undefined,
    known: true,
    now,
    ...rest,
  };
}

test('the verdict when no rule speaks against it', () => {
  expect(explain(facts({}))).toMatchObject({ state: 'missed', reason: 'missed_at_creation' });
  const no = {
    kind: 'made',
    injects: false,
    warnings: ['packet-capture: not injected: it is odd', 'of somebody else'],
    notes: [],
  } as const;
  const alone = explain(facts({ dryRun: no, state: stateOf() }));
  expect(alone).toMatchObject({ state: 'not_injected', reason: 'left_alone' });
  expect(alone.conditions.map(({ what }) => what).filter((what) => what.includes('warns'))).toEqual([
    'the API server warns: packet-capture: not injected: it is odd',
  ]);
  const down = explain(
    facts({
      dryRun: no,
      state: stateOf(release(), { probed: { injected: false }, configProblem: 'line 3 is no YAML' }),
    }),
  );
  expect(down).toMatchObject({
    state: 'not_injected',
    reason: 'not_working',
    next: 'Correct the values and run `packet-capture upgrade`.',
  });
  const refused = explain(facts({ dryRun: { kind: 'unknown', why: 'you may not create pods in namespace shop' } }));
  expect(refused.state).toBe('missed');
  expect(refused.conditions.at(-1)).toEqual({
    met: null,
    what: 'the API server did not answer for such a pod: you may not create pods in namespace shop',
  });
});

test("the API server's answer wins, because it knows what the user may not read", () => {
  const found = subject();
  const judgement = judge(found, undefined);
  expect(explain(facts({ judgement, known: false }))).toMatchObject({ state: 'missed', reason: 'missed_at_creation' });
  expect(
    explain(facts({ judgement, known: false, dryRun: { kind: 'made', injects: false, warnings: [], notes: [] } })),
  ).toMatchObject({ state: 'not_injected', reason: 'release_unknown' });
});

test('a CEL condition from the values is left to the API server', () => {
  const of = release();
  const rules = of.rules.map((rule) => ({
    ...rule,
    matchConditions: [...rule.matchConditions, { name: 'only-blue', expression: 'object.metadata.name == "blue"' }],
  }));
  const state = stateOf({ ...of, rules });
  const result = explain(
    facts({
      judgement: judge(subject(), [state]),
      dryRun: { kind: 'made', injects: false, warnings: [], notes: [] },
      state,
    }),
  );
  expect(result).toMatchObject({ state: 'not_injected', reason: 'match_condition' });
  expect(result.conditions).toContainEqual({ met: null, what: 'condition only-blue: object.metadata.name == "blue"' });
});

test('a workload is judged by its next pods, and its pods are counted', () => {
  const one = subject();
  const siblings = (count: number): WhyFacts['siblings'] =>
    Array.from({ length: count }, () => ({ subject: one, judgement: judge(one, [stateOf()]) }));
  expect(explain(facts({ object: 'deployment/web', siblings: [] }))).toMatchObject({
    state: 'would_be_injected',
    reason: null,
    next: null,
    pods: { living: 0, injected: 0 },
  });
  expect(explain(facts({ object: 'deployment/web', siblings: siblings(2) }))).toMatchObject({
    state: 'missed',
    pods: { living: 2, injected: 0 },
  });
});

test('the text for people fits on one screen', () => {
  const found = subject(pod({ 'packet-capture/inject': 'yes' }), {
    owners: [owner('ReplicaSet', 'apps/v1'), owner('Deployment', 'apps/v1', deployment(asking))],
  });
  const lines = formatWhy(
    explain(
      facts({
        subject: found,
        judgement: judge(found, [stateOf()]),
        dryRun: { kind: 'made', injects: false, warnings: [], notes: [] },
      }),
    ),
  );
  expect(lines).toEqual([
    'pod/web-1 in namespace shop: not injected',
    'belongs to replicaset/web, which belongs to deployment/web',
    '',
    '1 ✓ release capture in namespace system (webhook capture.system)',
    '2 ✓ namespace shop is not excluded',
    '3 ✓ namespace shop has the label packet-capture/injection=enabled',
    '4 ✓ namespace shop enforces Pod Security "privileged"',
    '5 ✗ its annotation packet-capture/inject is "yes", not "true"',
    '6 ✓ nothing in the pod prevents it',
    '7 ✗ the API server does not inject such a pod (dry run)',
    '',
    'It is not injected: its annotation has another value than "true".',
    `kubectl patch deployment/web --namespace shop --type merge --patch '{"spec":{"template":{"metadata":{"annotations":{"packet-capture/inject":"true"}}}}}'`,
  ]);
});
