import jsonPatch from 'fast-json-patch';
import { expect, test } from 'vitest';
import type { Subject } from '../../../../src/diagnosis/judge/conditions.ts';
import { judge, missedReason } from '../../../../src/diagnosis/judge/judge.ts';
import { reasons, type Reason } from '../../../../src/diagnosis/judge/whyReasons.ts';
import type { Owner } from '../../../../src/diagnosis/read/podOwners.ts';
import { additionPatch, planInjection } from '../../../../src/inject/index.ts';
import type { Pod } from '../../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { asking, deployment, optedIn, pod, release, stateOf, subject } from '../../../support/diagnosis/builders.ts';

const web = (template: Readonly<Record<string, string>>, own: Readonly<Record<string, string>> = {}): Owner => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  name: 'web',
  object: deployment(template, own),
});
const key = 'packet-capture/inject';
const level = 'pod-security.kubernetes.io/enforce';
const { 'packet-capture/injection': _label, ...unlabelled } = optedIn;

/** The first reason, and whether the pod counts as one that misses its sidecar. */
const cases: readonly (readonly [string, Subject, Reason | undefined, boolean])[] = [
  ['all is well', subject(), undefined, true],
  ['no label of the namespace', subject(pod(), { namespaceLabels: unlabelled }), 'namespace_not_opted_in', true],
  [
    'another value of that label',
    subject(pod(), { namespaceLabels: { ...optedIn, 'packet-capture/injection': 'true' } }),
    'namespace_label_value',
    true,
  ],
  [
    "the release's own namespace",
    subject(pod(), { namespaceLabels: { ...optedIn, 'kubernetes.io/metadata.name': 'system' } }),
    'namespace_excluded',
    true,
  ],
  [
    'restricted',
    subject(pod(), { namespaceLabels: { ...optedIn, [level]: 'restricted' } }),
    'pod_security_restricted',
    true,
  ],
  ['baseline', subject(pod(), { namespaceLabels: { ...optedIn, [level]: 'baseline' } }), undefined, true],
  [
    'what a managed cluster excludes',
    subject(pod(), { namespaceLabels: { ...optedIn, 'control-plane': 'true' } }),
    'namespace_not_selected',
    true,
  ],
  ['labels that may not be read', subject(pod(), { namespaceLabels: undefined }), undefined, true],
  ['no annotation', subject(pod({})), 'not_opted_in', false],
  ['yes', subject(pod({ [key]: 'yes' })), 'annotation_value', false],
  ['false', subject(pod({ [key]: 'false' })), 'opted_out', false],
  ['a label instead', subject(pod({}, {}, { [key]: 'true' })), 'annotation_as_label', false],
  ['on the Deployment', subject(pod({}), { owners: [web({}, asking)] }), 'annotation_on_workload', false],
  ['in the template by now', subject(pod({}), { owners: [web(asking)] }), 'older_template', true],
  ['hostNetwork', subject(pod(asking, { hostNetwork: true })), 'host_network', true],
  ['Windows', subject(pod(asking, { os: { name: 'windows' } })), 'windows', true],
  ['Fargate', subject(pod(asking, {}, { 'eks.amazonaws.com/fargate-profile': 'shop' })), 'fargate', true],
  ['virtual node', subject(pod(asking, { nodeSelector: { type: 'virtual-kubelet' } })), 'virtual_node', true],
  ['gVisor', subject(pod(asking, { runtimeClassName: 'gvisor' })), 'sandbox', true],
  ['mirror', subject(pod({ ...asking, 'kubernetes.io/config.mirror': 'x' })), 'mirror_pod', true],
  [
    'a volume of our name',
    subject(pod(asking, { volumes: [{ name: 'packet-capture-files' }] })),
    'name_collision',
    true,
  ],
  [
    'a container of our name',
    subject(pod(asking, { initContainers: [{ name: 'packet-capture' }] })),
    'name_collision',
    true,
  ],
  [
    'a copied status',
    subject(
      pod({ ...asking, 'packet-capture/status': '{"version":"0.1.0","containers":["packet-capture"],"volumes":[]}' }),
    ),
    'foreign_status',
    true,
  ],
  [
    'a sidecar without its status',
    subject(pod(asking, { initContainers: [{ name: 'packet-capture', image: 'packet-capture/agent:0.1.0' }] })),
    'status_missing',
    true,
  ],
];

test.each(cases)('%s', (_name, found, reason, missed) => {
  const judgement = judge(found, [stateOf()]);
  expect(judgement.carries).toBe(false);
  expect(judgement.reason).toBe(reason);
  expect(missedReason(found, judgement)).toBe(missed ? (reason ?? 'missed_at_creation') : undefined);
});

test('every reason that the rules can find has a case', () => {
  const others: readonly Reason[] = [
    'no_release',
    'release_unknown',
    'labels_not_selected',
    'pod_security_baseline',
    'match_condition',
    'created_before_release',
    'missed_at_creation',
    'restart_policy_lost',
    'not_working',
    'left_alone',
    'not_injectable',
    'pods_refused',
    'pods_refused_by_sidecar',
    'sidecar_waiting',
  ];
  const found = cases.flatMap(([, , reason]) => reason ?? []);
  expect([...new Set([...found, ...others])].toSorted()).toEqual(Object.keys(reasons).toSorted());
});

test('an injected pod has the sidecar, even if its namespace has changed', () => {
  const plain = pod();
  const plan = planInjection(plain, {
    config: defaultSidecarConfig,
    settings: {},
    podSecurity: 'privileged',
    atAdmission: true,
  });
  if (!plan.inject) throw new Error(plan.reason);
  const patched = structuredClone(plain);
  jsonPatch.applyPatch(
    patched,
    structuredClone(additionPatch(plain, plan.addition, [])) as Parameters<typeof jsonPatch.applyPatch>[1],
  );
  const injected: Pod = patched;
  expect(judge(subject(injected, { namespaceLabels: unlabelled }), [stateOf()]).carries).toBe(true);
  const judgement = judge(subject(injected), []);
  expect(missedReason(subject(injected), judgement)).toBeUndefined();
});

test('a pod that is older than the release is reported as such', () => {
  const old = pod();
  const found = subject({ ...old, metadata: { ...old.metadata, creationTimestamp: '2026-11-19T10:00:00Z' } });
  expect(missedReason(found, judge(found, [stateOf()]))).toBe('created_before_release');
});

test('without a release, only pods that ask by the default key are missed', () => {
  expect(missedReason(subject(), judge(subject(), []))).toBe('no_release');
  expect(missedReason(subject(pod({})), judge(subject(pod({})), []))).toBeUndefined();
  expect(missedReason(subject(), judge(subject(), undefined))).toBe('release_unknown');
});

test('of several releases, the one that the pod asks counts, otherwise the nearest one', () => {
  const article = stateOf({ ...release('sidecar-injector', 'morven.me/inject'), object: 'article' });
  const own = stateOf();
  const theirs = subject(pod({ 'morven.me/inject': 'true' }), { namespaceLabels: unlabelled });
  expect(judge(theirs, [own, article]).facts?.release.object).toBe('article');
  expect(judge(subject(pod({})), [article, own]).facts?.release.object).toBe('capture.system');
});

test('with opt-out, every pod of an opted-in namespace should have it, except those that cannot or that opt out', () => {
  const states = [stateOf(release('packet-capture/injection', 'packet-capture/inject', true))];
  const missed = (found: Subject): Reason | undefined => missedReason(found, judge(found, states));
  expect(missed(subject(pod({})))).toBe('missed_at_creation');
  expect(missed(subject(pod({ [key]: 'false' })))).toBeUndefined();
  expect(missed(subject(pod({}, { hostNetwork: true })))).toBeUndefined();
  expect(missed(subject(pod({}), { namespaceLabels: unlabelled }))).toBeUndefined();
  // The project's own key refuses whatever another asks.
  expect(missed(subject(pod({ 'morven.me/inject': 'true', [key]: 'false' })))).toBeUndefined();
});

test.each([
  ['auto', {}, undefined, 'enforces Pod Security "privileged"'],
  ['baseline', {}, undefined, 'assumes "baseline" (injection.podSecurity)'],
  ['baseline', { [level]: 'privileged' }, undefined, 'enforces Pod Security "privileged"'],
  ['baseline', { [level]: 'restricted' }, 'pod_security_restricted', 'enforces Pod Security "restricted"'],
  ['restricted', {}, 'pod_security_restricted', 'assumes "restricted" (injection.podSecurity)'],
  ['restricted', { [level]: 'baseline' }, undefined, 'enforces Pod Security "baseline"'],
] as const)(
  'a release for clusters that enforce %s without a label, in a namespace with %j',
  (assumed, labels, reason, words) => {
    const found = judge(subject(pod(), { namespaceLabels: { ...optedIn, ...labels } }), [
      stateOf(release(undefined, undefined, undefined, assumed)),
    ]);
    expect(found.reason).toBe(reason);
    expect(found.conditions.map(({ what }) => what).join('\n')).toContain(words);
  },
);
