import { expect, test } from 'vitest';
import { intentOf, withMaterial, withMode, withoutFormerMaterial } from '../../../../src/release/helm/releaseValues.ts';
import { policiesOf, serviceOf } from '../../../../src/release/helm/renderedChart.ts';
import { parseApiResources } from '../../../../src/release/plan/apiResources.ts';
import { planCertificates } from '../../../../src/release/plan/certificates.ts';
import { rightsFor } from '../../../../src/release/plan/installerRights.ts';
import { judge } from '../../../../src/release/plan/preflight.ts';
import { formatResult, summarise, type InstallResult } from '../../../../src/release/report/installSummary.ts';

const now = new Date('2026-11-23T12:00:00Z');
const apiVersion = 'admissionregistration.k8s.io/v1';
const injection = { way: 'policy', namespaceLabel: 'l', annotation: 'a', excludedNamespaces: [] };
const policy = {
  apiVersion,
  kind: 'MutatingAdmissionPolicy',
  metadata: { name: 'capture.tools' },
  spec: { failurePolicy: 'Ignore', paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } },
};
const binding = (name: string, policyName = 'capture.tools') => ({
  apiVersion,
  kind: 'MutatingAdmissionPolicyBinding',
  metadata: { name },
  spec: { policyName },
});
const parameters = (profile: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `capture-policy-${profile}`, namespace: 'tools' },
  data: { profile, image: 'agent:1' },
});
const objects = [
  parameters('privileged'),
  parameters('baseline'),
  policy,
  binding('capture.tools'),
  binding('capture.tools.baseline'),
  binding('other', 'other'),
];

test('the intent of values with a policy: no hooks and no certificates, even if the values have them', () => {
  expect(intentOf({ injection, certs: { mode: 'baked' }, hooks: { enabled: true } })).toMatchObject({
    way: 'policy',
    certsMode: 'none',
    hooks: false,
  });
  expect(intentOf({ injection: {}, certs: { mode: 'baked' } })).toMatchObject({
    way: 'webhook',
    certsMode: 'baked',
    hooks: true,
  });
});

test('a policy gets no certificates, and loses those of a webhook before', () => {
  expect(withMode({ injection }, 'policy')).toEqual({ injection });
  const before = withMaterial(
    { certs: { generated: { caDays: 1 } } },
    { caBundle: 'CA', certificate: 'CERT', key: 'KEY' },
  );
  expect(withoutFormerMaterial({ ...before, injection }, before, 'policy')).toEqual({
    injection,
    certs: { generated: { caDays: 1 } },
  });
});

test('no certificates are planned, and there is nothing to rotate', async () => {
  const question = {
    values: {},
    mode: 'none',
    before: undefined,
    secret: undefined,
    service: { name: 'capture', namespace: 'tools' },
    rotate: false,
    now,
  };
  expect(await planCertificates(question)).toEqual({
    action: 'none',
    text: 'not needed: the API server injects',
    findings: [],
  });
  await expect(planCertificates({ ...question, rotate: true })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('has no certificates') as string,
  });
});

test('the namespace of a release comes from its policy', () => {
  expect(serviceOf(objects)).toEqual({ name: 'capture', namespace: 'tools' });
  expect(serviceOf([binding('capture.tools')])).toBeUndefined();
  expect(policiesOf(objects)).toEqual([
    { name: 'capture.tools', failurePolicy: 'Ignore', bindings: ['capture.tools', 'capture.tools.baseline'] },
  ]);
});

const resources = parseApiResources(
  `configmaps cm v1 true ConfigMap\nmutatingadmissionpolicies ${apiVersion} false MutatingAdmissionPolicy\n`,
);

test('a user who creates a policy must be allowed to read its parameters', () => {
  const all = rightsFor(objects, resources).map(
    ({ verb, resource, namespace, need }) => `${need} ${verb} ${namespace}/${resource}`,
  );
  expect(all).toContain('make create /mutatingadmissionpolicies');
  expect(all).toContain('make get /configmaps');
  expect(
    rightsFor(
      objects.filter((object) => object !== policy),
      resources,
    ).map(({ namespace, resource }) => `${namespace}/${resource}`),
  ).not.toContain('/configmaps');
});

test('a cluster without policies gives one finding', () => {
  const facts = {
    release: 'capture',
    namespace: 'tools',
    chart: 'packet-capture',
    history: undefined,
    intent: intentOf({ injection }),
    releaseNamespace: undefined,
    objectsNamespace: undefined,
    service: { name: 'capture', namespace: 'tools' },
    objects,
    refused: [],
    targets: [],
  };
  const before = parseApiResources(
    'configmaps cm v1 true ConfigMap\nmutatingadmissionpolicies admissionregistration.k8s.io/v1beta1 false MutatingAdmissionPolicy\n',
  );
  expect(judge({ ...facts, resources: before })).toMatchObject([
    {
      level: 'error',
      code: 'policy_unsupported',
      where: 'injection.way',
      what: `the cluster has no MutatingAdmissionPolicy (${apiVersion})`,
    },
  ]);
  const since = parseApiResources(
    `configmaps cm v1 true ConfigMap\nmutatingadmissionpolicies ${apiVersion} false MutatingAdmissionPolicy\nmutatingadmissionpolicybindings ${apiVersion} false MutatingAdmissionPolicyBinding\n`,
  );
  expect(judge({ ...facts, resources: since })).toEqual([]);
  expect(judge({ ...facts, resources: since, wayBefore: 'policy' })).toEqual([]);
  expect(judge({ ...facts, resources: since, wayBefore: 'webhook' })).toMatchObject([
    { level: 'note', code: 'injection_way_changes', what: 'it changes from webhook to policy' },
  ]);
});

test('the summary of a policy names it, and no injector', () => {
  const intent = intentOf({ injection });
  const facts = summarise({
    objects,
    intent,
    plan: { action: 'none', text: 'not needed: the API server injects', findings: [] },
    now,
  });
  const result: InstallResult = {
    ...facts,
    result: 'installed',
    release: 'capture',
    namespace: 'tools',
    revision: 1,
    chart: 'packet-capture 0.1.0',
    versions: { helm: '4', kubectl: '1', kubernetes: '1' },
    injectionProven: true,
    targets: [],
    findings: [],
  };
  expect(formatResult(result).slice(1, 5)).toEqual([
    'namespace    tools',
    'injects      agent:1',
    'certificates none, not needed: the API server injects',
    'policy       capture.tools, 2 bindings, failurePolicy Ignore',
  ]);
});
