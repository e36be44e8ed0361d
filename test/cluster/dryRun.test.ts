import { afterAll, beforeAll, expect, test } from 'vitest';
import { kube } from '../support/cluster/clusterFixture.ts';
import { list, site } from '../support/cluster/diagnosisFixture.ts';
import { deploymentOf, useKubectl, verdictOf } from '../support/cluster/dryRunFixture.ts';

const kubectl = useKubectl();
const prefix = `dryrun-${Date.now().toString(36)}`;
const app = { containers: [{ name: 'app', image: 'localhost/app:1' }] };
const sized = (requests: object, limits: object = requests): object[] => [
  { ...app.containers[0], resources: { requests, limits } },
];

const limitRange = (...limits: readonly object[]): object => ({
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name: 'limits' },
  spec: { limits },
});
const quota = (hard: object, rest: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'quota' },
  spec: { hard, ...rest },
});

/** A policy for the namespaces with the label `dryrun/policy: NAME`. */
function policy(name: string, expression: string, message: string): object[] {
  const full = `${prefix}-${name}`;
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
  const matchConstraints = { namespaceSelector: { matchLabels: { 'dryrun/policy': full } }, resourceRules };
  const variables = [{ name: 'all', expression: 'object.spec.containers + object.spec.?initContainers.orValue([])' }];
  const group = 'admissionregistration.k8s.io/v1';
  return [
    {
      apiVersion: group,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: full },
      spec: { matchConstraints, variables, validations: [{ expression, message }] },
    },
    {
      apiVersion: group,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: full },
      spec: { policyName: full, validationActions: ['Deny'] },
    },
  ];
}

/** A webhook for the namespaces with the label `dryrun/webhook: NAME`; nothing answers there. */
function webhook(name: string): object {
  const full = `${prefix}-${name}`;
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
  const hook = {
    name: `${name}.example.com`,
    sideEffects: 'None',
    rules,
    timeoutSeconds: 2,
    failurePolicy: 'Fail',
    admissionReviewVersions: ['v1'],
    clientConfig: { url: 'https://127.0.0.1:1/' },
    namespaceSelector: { matchLabels: { 'dryrun/webhook': full } },
  };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: full },
    webhooks: [hook],
  };
}

const noCapability =
  'variables.all.all(c, !has(c.securityContext) || !has(c.securityContext.capabilities) || !has(c.securityContext.capabilities.add))';
const uidInRange =
  'variables.all.all(c, !has(c.securityContext) || !has(c.securityContext.runAsUser) || c.securityContext.runAsUser >= 1000680000)';
const clusterWide = [
  ...policy('caps', noCapability, 'no added capabilities'),
  ...policy(
    'scc',
    `${noCapability} && ${uidInRange}`,
    'unable to validate against any security context constraint: runAsUser: must be in the ranges: [1000680000, 1000689999]',
  ),
  ...policy('registry', "variables.all.all(c, c.image.startsWith('localhost/'))", 'images come from localhost'),
  ...policy('nothing', 'false', 'no pods here'),
  webhook('away'),
];

interface Case {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly objects?: readonly object[];
  readonly spec?: Parameters<typeof deploymentOf>[2];
  readonly rest?: object;
  readonly expected: object;
}

const ours = (by: string, remedy: object, names?: readonly string[]): object => ({
  outcome: 'refused_by_sidecar',
  refusal: names === undefined ? { by } : { by, names },
  remedy,
});
const annotations = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`packet-capture/${name}`, value]));

const cases: readonly Case[] = [
  { name: 'plain', expected: { outcome: 'fits', notes: [] } },
  {
    name: 'ratio',
    objects: [
      limitRange({
        type: 'Container',
        maxLimitRequestRatio: { cpu: '4', memory: '2' },
        default: { cpu: '400m', memory: '256Mi' },
        defaultRequest: { cpu: '200m', memory: '128Mi' },
      }),
    ],
    expected: ours(
      'limit_range',
      {
        proven: true,
        annotations: annotations({
          'cpu-request': '63m',
          'cpu-limit': '250m',
          'memory-request': '32Mi',
          'memory-limit': '64Mi',
        }),
      },
      ['limits'],
    ),
  },
  {
    name: 'least',
    objects: [
      limitRange({
        type: 'Container',
        min: { cpu: '100m', memory: '128Mi' },
        default: { cpu: '1', memory: '256Mi' },
        defaultRequest: { cpu: '100m', memory: '128Mi' },
      }),
    ],
    expected: ours('limit_range', { proven: true }, ['limits']),
  },
  {
    name: 'full-pod',
    objects: [limitRange({ type: 'Pod', max: { memory: '128Mi' } })],
    spec: { containers: sized({ cpu: '10m', memory: '128Mi' }) as never },
    expected: ours(
      'limit_range',
      { proven: false, annotations: {}, text: expect.stringContaining('No memory of the sidecar') },
      ['limits'],
    ),
  },
  {
    name: 'app-too-large',
    objects: [limitRange({ type: 'Container', max: { memory: '100Mi' } })],
    spec: { containers: sized({ memory: '128Mi' }) as never },
    expected: { outcome: 'refused_anyway', refusal: { by: 'limit_range' } },
  },
  {
    name: 'demands',
    objects: [quota({ 'limits.cpu': '10', 'limits.memory': '10Gi' })],
    expected: { outcome: 'refused_anyway', refusal: { by: 'resource_quota', names: ['quota'] } },
  },
  {
    name: 'no-quota-left',
    objects: [quota({ 'requests.memory': '110Mi' })],
    spec: { containers: sized({ memory: '100Mi' }) as never },
    rest: { strategy: { type: 'Recreate' } },
    expected: ours(
      'resource_quota',
      { proven: false, text: expect.stringContaining('Raise the quota quota by at least 6Mi of requests.memory') },
      ['quota'],
    ),
  },
  {
    name: 'too-many',
    objects: [quota({ 'requests.cpu': '330m' })],
    spec: { containers: sized({ cpu: '100m' }) as never },
    rest: { replicas: 3, strategy: { type: 'Recreate' } },
    expected: { outcome: 'fits' },
  },
  {
    name: 'one-too-many',
    objects: [quota({ 'requests.cpu': '320m' })],
    spec: { containers: sized({ cpu: '100m' }) as never },
    rest: { replicas: 3, strategy: { type: 'Recreate' } },
    expected: ours(
      'resource_quota',
      { proven: true, annotations: annotations({ 'cpu-request': '6m', 'cpu-limit': '250m' }) },
      ['quota'],
    ),
  },
  {
    name: 'one-more',
    objects: [quota({ 'requests.cpu': '330m' })],
    spec: { containers: sized({ cpu: '100m' }) as never },
    rest: { replicas: 3 },
    expected: { outcome: 'refused_anyway', refusal: { by: 'resource_quota' } },
  },
  {
    name: 'best-effort',
    objects: [quota({ pods: '0' }, { scopes: ['NotBestEffort'] })],
    expected: ours('resource_quota', {}, ['quota']),
  },
  {
    name: 'baseline',
    labels: { 'pod-security.kubernetes.io/enforce': 'baseline' },
    expected: ours('pod_security', { proven: true, podSecurity: 'baseline' }),
  },
  {
    name: 'caps',
    labels: { 'dryrun/policy': `${prefix}-caps` },
    expected: ours('admission_policy', { proven: true, podSecurity: 'baseline' }, [`${prefix}-caps`]),
  },
  {
    name: 'scc',
    labels: { 'dryrun/policy': `${prefix}-scc` },
    expected: ours(
      'admission_policy',
      { proven: true, text: expect.stringMatching(/runAsUser: null.*and the Pod Security profile "baseline"/) },
      [`${prefix}-scc`],
    ),
  },
  {
    name: 'registry',
    labels: { 'dryrun/policy': `${prefix}-registry` },
    expected: ours('admission_policy', { proven: true, text: expect.stringContaining('image') }, [
      `${prefix}-registry`,
    ]),
  },
  {
    name: 'nothing',
    labels: { 'dryrun/policy': `${prefix}-nothing` },
    expected: {
      outcome: 'refused_anyway',
      refusal: { by: 'admission_policy', words: expect.stringContaining('no pods here') },
    },
  },
  {
    name: 'away',
    labels: { 'dryrun/webhook': `${prefix}-away` },
    expected: { outcome: 'refused_anyway', refusal: { by: 'webhook', names: ['away.example.com'], uncalled: true } },
  },
];

const namespaceOf = ({ name }: Pick<Case, 'name'>): string => `${prefix}-${name}`;
const workloadOf = (one: Case): ReturnType<typeof deploymentOf> =>
  deploymentOf(namespaceOf(one), 'web', one.spec ?? app, one.rest);

beforeAll(async () => {
  const inNamespace = cases.flatMap((one) =>
    (one.objects ?? []).map((object) => {
      const { metadata } = object as { readonly metadata: object };
      return { ...object, metadata: { ...metadata, namespace: namespaceOf(one) } };
    }),
  );
  const sites = cases.map((one) => site(namespaceOf(one), one.labels));
  await kube(['create', '-f', '-'], list([...clusterWide, ...sites, ...inNamespace]));
  // Those whose pods run use the quota up.
  const running = cases.filter(({ rest }) => rest !== undefined);
  await kube(['create', '-f', '-'], list(running.map(workloadOf)));
  for (const one of running) {
    const replicas = (one.rest as { readonly replicas?: number }).replicas ?? 1;
    await kube([
      'wait',
      '-n',
      namespaceOf(one),
      'deploy/web',
      `--for=jsonpath={.status.unavailableReplicas}=${replicas}`,
      '--timeout=240s',
    ]);
  }
});

afterAll(async () => {
  await kube(['delete', 'namespace', ...cases.map(namespaceOf), '--ignore-not-found', '--wait=false']);
  const named = clusterWide.map(
    (object) => object as { readonly kind: string; readonly metadata: { readonly name: string } },
  );
  await kube([
    'delete',
    '--wait=false',
    '--ignore-not-found',
    ...named.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
  ]);
});

test.concurrent.for(cases)('$name', async (one, context) => {
  // The API server takes up policies, webhooks and quotas within a second or so.
  const verdict = async (): ReturnType<typeof verdictOf> => verdictOf(kubectl(), workloadOf(one));
  await context.expect.poll(verdict, { interval: 500 }).toMatchObject(one.expected);
  expect(await verdict()).toMatchObject(one.expected);
});

test('a user who may not create pods gets the name of the missing right', async () => {
  const object = deploymentOf(`${prefix}-plain`, 'web', app);
  expect(await verdictOf(kubectl('--as=bob'), object)).toEqual({
    outcome: 'unknown',
    why: `you may not create pods in namespace ${prefix}-plain`,
    right: `create pods in namespace ${prefix}-plain`,
  });
});
