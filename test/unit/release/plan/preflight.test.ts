import { describe, expect, test } from 'vitest';
import { formatFinding, hasErrors } from '../../../../src/findings.ts';
import type { WorkloadObject } from '../../../../src/kubernetes/api/types.ts';
import { historyOf, type Revision } from '../../../../src/release/helm/release.ts';
import { intentOf } from '../../../../src/release/helm/releaseValues.ts';
import { parseApiResources } from '../../../../src/release/plan/apiResources.ts';
import type { Facts } from '../../../../src/release/plan/clusterFacts.ts';
import type { Right } from '../../../../src/release/plan/installerRights.ts';
import { judge, releaseFindings, versionFindings } from '../../../../src/release/plan/preflight.ts';
import { findingKinds, type Finding } from '../../../../src/release/plan/preflightFindings.ts';

const intent = intentOf({
  injection: {
    namespaceLabel: 'packet-capture/injection',
    annotation: 'packet-capture/inject',
    excludedNamespaces: ['kube-system'],
  },
});
const shop = { namespace: 'shop', deployments: ['web'], statefulSets: [], daemonSets: [] };
const calm: Facts = {
  release: 'capture',
  namespace: 'tools',
  chart: 'packet-capture',
  history: undefined,
  intent,
  releaseNamespace: undefined,
  objectsNamespace: undefined,
  service: { name: 'capture', namespace: 'tools' },
  objects: [],
  resources: [],
  refused: [],
  targets: [],
};

function web(
  annotations: Record<string, string> = {},
  metadata: Partial<WorkloadObject['metadata']> = {},
): WorkloadObject {
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec: { template: { metadata: { annotations } } },
  };
  return object as WorkloadObject;
}

function target(
  labels: Record<string, string> = {},
  workloads: readonly WorkloadObject[] = [web()],
  name = 'shop',
): Facts['targets'] {
  return [{ target: { ...shop, namespace: name }, namespace: { name, labels, terminating: false }, workloads }];
}

const codes = (findings: readonly Finding[]): string[] =>
  findings.map(({ level, code, where }) => `${level} ${code}: ${where}`);
const level = (value: string): Record<string, string> => ({ 'pod-security.kubernetes.io/enforce': value });

test('a fresh install has no findings', () => {
  expect(judge(calm)).toEqual([]);
  expect(judge({ ...calm, targets: target() })).toEqual([]);
});

describe('targets', () => {
  test.each<[string, Partial<Facts>, string[]]>([
    ['restricted', { targets: target(level('restricted')) }, ['error target_restricted: target namespace shop']],
    [
      'an unknown level counts as restricted',
      { targets: target(level('strict')) },
      ['error target_restricted: target namespace shop'],
    ],
    ['baseline', { targets: target(level('baseline')) }, ['note target_baseline: target namespace shop']],
    [
      'no namespace',
      { targets: [{ target: shop, namespace: undefined, workloads: [] }] },
      ['error target_namespace_missing: target namespace shop'],
    ],
    [
      'a namespace that goes',
      { targets: [{ target: shop, namespace: { name: 'shop', labels: {}, terminating: true }, workloads: [] }] },
      ['error target_namespace_missing: target namespace shop'],
    ],
    ['no workload', { targets: target({}, []) }, ['error target_missing: deployment/web in shop']],
    [
      'workloads that may not be read',
      {
        targets: [{ target: shop, namespace: { name: 'shop', labels: {}, terminating: false }, workloads: undefined }],
      },
      [],
    ],
    [
      'an excluded namespace',
      { targets: target({}, [], 'kube-system') },
      ['error target_excluded: target namespace kube-system'],
    ],
    [
      "the release's own namespace",
      { targets: target({}, [], 'tools') },
      ['error target_excluded: target namespace tools'],
    ],
    [
      'a workload that says no',
      { targets: target({}, [web({ 'packet-capture/inject': 'false' })]) },
      ['warning target_opted_out: deployment/web in shop'],
    ],
    [
      'a workload of Argo CD',
      { targets: target({}, [web({}, { annotations: { 'argocd.argoproj.io/tracking-id': 'x' } })]) },
      ['warning target_managed: deployment/web in shop'],
    ],
    [
      'one that has the annotation in its source',
      {
        targets: target({}, [
          web({ 'packet-capture/inject': 'true' }, { annotations: { 'argocd.argoproj.io/tracking-id': 'x' } }),
        ]),
      },
      [],
    ],
    [
      'no hooks',
      { targets: target(level('restricted'), []), intent: { ...intent, hooks: false } },
      ['note hooks_disabled: hooks.enabled'],
    ],
  ])('%s', (_, facts, expected) => {
    expect(codes(judge({ ...calm, ...facts }))).toEqual(expected);
  });

  test('"false" under the key of the project wins, even if the release has another key', () => {
    const article = { ...intent, annotation: 'example.org/inject' };
    expect(
      codes(
        judge({
          ...calm,
          intent: article,
          targets: target({}, [web({ 'packet-capture/inject': 'false', 'example.org/inject': 'true' })]),
        }),
      ),
    ).toEqual(['warning target_opted_out: deployment/web in shop']);
  });
});

test("a namespace of namespaceOverride must exist, the release's own does not need to", () => {
  const service = { name: 'capture', namespace: 'elsewhere' };
  const there = { name: 'elsewhere', labels: {}, terminating: false };
  expect(codes(judge({ ...calm, service }))).toEqual(['error namespace_missing: namespaceOverride elsewhere']);
  expect(codes(judge({ ...calm, service, objectsNamespace: { ...there, terminating: true } }))).toEqual([
    'error namespace_missing: namespaceOverride elsewhere',
  ]);
  expect(judge({ ...calm, service, objectsNamespace: there })).toEqual([]);
  expect(codes(judge({ ...calm, releaseNamespace: { ...there, name: 'tools', terminating: true } }))).toEqual([
    'error namespace_terminating: namespace tools',
  ]);
});

describe('the release', () => {
  const revision = (number: number, status: string, chart = 'packet-capture-0.1.0'): Revision => ({
    revision: number,
    status,
    chart,
    description: '',
  });
  const judged = (...revisions: Revision[]): string[] =>
    releaseFindings(historyOf(revisions)!, 'x', 'packet-capture').map(({ code, what }) => `${code}: ${what}`);

  test.each([['pending-install'], ['pending-upgrade'], ['pending-rollback'], ['uninstalling']])('%s', (status) => {
    expect(judged(revision(1, 'superseded'), revision(2, status))).toEqual([
      `release_pending: revision 2 is ${status}`,
    ]);
  });
  test('deployed', () => expect(judged(revision(2, 'deployed'), revision(1, 'superseded'))).toEqual([]));
  test('failed after a revision that runs', () =>
    expect(judged(revision(1, 'deployed'), revision(2, 'failed'))).toEqual([
      'release_failed: revision 2 failed; revision 1 runs',
    ]));
  test('failed from the start', () =>
    expect(judged(revision(1, 'failed'))).toEqual(['release_failed: revision 1 failed; no revision ever worked']));
  test.each(['nginx-1.2.3', 'packet-capture-ui-0.1.0', 'packet-captures-1.0.0'])('%s is another chart', (chart) => {
    expect(judged(revision(1, 'deployed', chart))).toEqual([
      `release_foreign: it is a release of another chart (${chart})`,
    ]);
  });
});

test('rights are reported by place and resource; the right to watch is not needed', () => {
  const right = (verb: string, need: Right['need'] = 'make'): Right => ({
    verb,
    need,
    group: 'rbac.authorization.k8s.io',
    resource: 'roles',
    namespace: 'shop',
  });
  const cluster: Right = {
    verb: 'create',
    need: 'make',
    group: 'admissionregistration.k8s.io',
    resource: 'mutatingwebhookconfigurations',
    namespace: '',
  };
  const granted: Right = {
    verb: 'patch',
    need: 'grant',
    group: 'apps',
    resource: 'deployments',
    namespace: 'shop',
    name: 'web',
  };
  expect(
    judge({ ...calm, refused: [right('create'), right('delete'), right('watch', 'watch'), cluster, granted] }).map(
      ({ where, what }) => `${where}: ${what}`,
    ),
  ).toEqual([
    'namespace shop: you may not create, delete roles.rbac.authorization.k8s.io',
    'the cluster: you may not create mutatingwebhookconfigurations.admissionregistration.k8s.io',
    'namespace shop: you may not patch deployments.apps/web',
  ]);
  expect(codes(judge({ ...calm, refused: undefined }))).toEqual(['warning rights_unknown: the cluster']);
});

test('kinds that the cluster does not have are reported', () => {
  const objects = [
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'ServiceMonitor',
      metadata: { name: 'capture', namespace: 'tools' },
    },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'capture', namespace: 'tools' } },
  ];
  const resources = parseApiResources('services      svc    v1    true    Service\nnodes v1 false Node\n');
  expect(resources).toEqual([
    { name: 'services', apiVersion: 'v1', namespaced: true, kind: 'Service' },
    { name: 'nodes', apiVersion: 'v1', namespaced: false, kind: 'Node' },
  ]);
  expect(codes(judge({ ...calm, objects, resources }))).toEqual([
    'error kind_unknown: servicemonitor/capture in tools',
  ]);
});

test('Kubernetes 1.30 is enough, 1.29 is not', () => {
  expect(versionFindings(30, '1.30.0')).toEqual([]);
  expect(codes(versionFindings(29, '1.29.9'))).toEqual(['error kubernetes_too_old_for_chart: the API server']);
});

test('a finding has what, where and what to do', () => {
  const [found] = judge({ ...calm, targets: target(level('restricted')) });
  expect(formatFinding(found!)).toEqual([
    'error   target namespace shop: it enforces Pod Security "restricted" (target_restricted)',
    `        ${findingKinds.target_restricted.hint}`,
  ]);
  expect(hasErrors([found!])).toBe(true);
  expect(hasErrors(judge({ ...calm, targets: target(level('baseline')) }))).toBe(false);
});
