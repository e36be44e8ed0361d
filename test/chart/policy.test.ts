import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import type { ChartOverrides } from '../../src/chart/index.ts';
import { readSidecarConfig, type AgentSidecarConfig } from '../../src/sidecar/index.ts';
import { policyExpressions, policyObjects, policyParameters, policyProfiles } from '../../src/ways/policy/index.ts';
import {
  helmTemplate,
  idOf,
  ofKind,
  parseObjects,
  registry,
  render,
  type HelmMajor,
  type KubernetesObject,
} from '../support/chart/helm.ts';
import { bakedCerts, site, valueSets } from '../support/chart/valueSets.ts';

const api = 'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy';
const flags = ['--api-versions', api];
const sets = valueSets(await bakedCerts(), await bakedCerts('capture', 'chart-other'));
/** The values that a policy supports and that change it. */
const names = [
  'defaults',
  'baked',
  'all settings',
  'images',
  'opt out, further selectors',
  'observed',
  'placed and extended',
  'names, labels and annotations',
  'as little as possible',
];

/** The same values with the way `policy`. */
function asPolicy(values: ChartOverrides): ChartOverrides {
  return { ...values, injection: { ...values.injection, way: 'policy' } };
}

async function rendered(values: ChartOverrides, major: HelmMajor = 4): Promise<KubernetesObject[]> {
  return render(asPolicy(values), { major, flags });
}

const kinds = (objects: readonly KubernetesObject[]): string[] =>
  [...new Set(objects.map(({ kind }) => kind))].toSorted();
const policyKinds = ['ConfigMap', 'MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'];

describe.each(names)('%s', async (name) => {
  const values = sets[name] ?? {};
  const objects = await rendered(values);
  const webhook = await render({ ...values, webhook: { ...values.webhook, admissionEnforcer: false } });

  test('renders only the policy, its bindings and its parameters, with helm 3 and 4', async () => {
    const own = objects.filter(({ metadata }) => !/-(extra|text|captures|alerts|dashboard)$/.test(metadata.name));
    expect(kinds(own)).toEqual(policyKinds);
    expect(own.map(idOf)).toHaveLength(1 + 2 * policyProfiles.length);
    expect(JSON.stringify(objects)).not.toMatch(/PRIVATE KEY|BEGIN CERTIFICATE/);
    expect(await rendered(values, 3)).toEqual(objects);
  });

  test('has the parameters of the sidecarconfig.yaml that a webhook would have', () => {
    const configMap = webhook.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-config'));
    const config = readSidecarConfig(
      load(configMap?.['data']['sidecarconfig.yaml']),
      'sidecarconfig.yaml',
    ) as AgentSidecarConfig;
    const { annotation = 'packet-capture/inject', optOut = false } = values.injection ?? {};
    for (const profile of policyProfiles) {
      const parameters = objects.find(({ kind, data }) => kind === 'ConfigMap' && data?.profile === profile);
      expect(parameters?.['data']).toEqual(policyParameters(config, { profile, annotation, optOut }));
    }
  });

  test('selects the same namespaces and pods as the webhooks', () => {
    const webhooks = ofKind(webhook, 'MutatingWebhookConfiguration')['webhooks'];
    const bindings = objects.filter(({ kind }) => kind === 'MutatingAdmissionPolicyBinding').map(({ spec }) => spec);
    expect(
      bindings.map(({ matchResources: { namespaceSelector, objectSelector } }) => ({
        namespaceSelector,
        objectSelector,
      })),
    ).toEqual(
      webhooks.map(({ namespaceSelector, objectSelector }: KubernetesObject) => ({
        namespaceSelector,
        objectSelector,
      })),
    );
  });
});

test('renders the objects of `packet-capture policy`', async () => {
  const { namespace } = site;
  const ours = policyObjects({
    config: {
      form: 'agent',
      agent: {
        image: `${registry}/packet-capture/agent:0.1.0`,
        imagePullPolicy: 'IfNotPresent',
        resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '250m', memory: '64Mi' } },
        imagePullSecrets: [],
      },
      settings: {},
    },
    name: 'packet-capture',
    namespace,
    namespaceLabel: 'packet-capture/injection',
    annotation: 'packet-capture/inject',
    optOut: false,
    excludedNamespaces: ['kube-system', 'kube-node-lease', 'kube-public'],
    failurePolicy: 'Ignore',
    probeLabels: { 'app.kubernetes.io/instance': site.release, 'app.kubernetes.io/component': 'probe' },
  }) as KubernetesObject[];
  // Helm's objects have labels, an explicit matchPolicy, and other digests in the names of their parameters.
  const bare = (objects: readonly KubernetesObject[]): unknown[] =>
    inOrder(withoutDigests(objects)).map(({ metadata: { name, namespace: place }, ...rest }) => ({
      name,
      ...(place === undefined ? {} : { namespace: place }),
      ...rest,
    }));
  const theirs = await rendered({});
  expect(bare(theirs).map(withoutMatchPolicy)).toEqual(bare(ours));
});

function inOrder(objects: readonly KubernetesObject[]): KubernetesObject[] {
  return objects.toSorted((one, other) => (idOf(one) < idOf(other) ? -1 : 1));
}

function withoutDigests(objects: readonly KubernetesObject[]): KubernetesObject[] {
  return JSON.parse(
    JSON.stringify(objects).replaceAll(/(-policy(?:-baseline|-probe)?-)[0-9a-f]{8}"/g, '$1DIGEST"'),
  ) as KubernetesObject[];
}

test('parameters have a name that depends on their data, and their bindings use it', async () => {
  const namesOf = async (values: ChartOverrides): Promise<string[]> => {
    const objects = await rendered(values);
    const found = objects.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata }) => metadata.name);
    expect(new Set(objects.flatMap(({ spec }) => spec?.paramRef?.name ?? []))).toEqual(new Set(found));
    return found;
  };
  const before = await namesOf({});
  expect(await namesOf({ webhook: { labels: { on: 'policy' } } })).toEqual(before);
  const digests = [...before, ...(await namesOf({ capture: { filter: 'tcp' } }))].map((name) => name.slice(-8));
  expect(new Set(digests)).toHaveLength(6);
});

function withoutMatchPolicy(object: unknown): unknown {
  return JSON.parse(
    JSON.stringify(object, (key, value: unknown) =>
      key === 'matchPolicy' || JSON.stringify(value) === '{}' ? undefined : value,
    ),
  );
}

test('the values below `webhook` apply to the policy', async () => {
  const objects = await rendered(sets['opt out, further selectors'] ?? {});
  const { spec } = ofKind(objects, 'MutatingAdmissionPolicy');
  expect(spec).toMatchObject({
    failurePolicy: 'Fail',
    reinvocationPolicy: 'Never',
    matchConstraints: { matchPolicy: 'Exact' },
  });
  expect(spec.matchConditions).toHaveLength(policyExpressions.matchConditions.length + 1);
  // A probe must match, whatever conditions the user has.
  expect(spec.matchConditions.at(-1)).toEqual({
    name: 'not-a-job',
    expression:
      "params.data.profile == 'probe' || (!has(object.metadata.labels) || !('job-name' in object.metadata.labels))",
  });
  expect(objects.filter(({ kind }) => kind === 'ConfigMap').map(({ data }) => [data.annotation, data.optOut])).toEqual(
    [1, 2, 3].map(() => ['example.com/capture', 'true']),
  );
});

test('the policy has the labels, annotations and names of the values', async () => {
  const values = {
    ...sets['names, labels and annotations'],
    webhook: { labels: { on: 'policy' }, annotations: { 'example.com/note': 'a' } },
  };
  const objects = await rendered(values);
  for (const { kind, metadata } of objects) {
    expect(metadata.labels).toMatchObject({ team: 'net', 'app.kubernetes.io/component': 'policy' });
    expect(metadata.name).toMatch(
      kind === 'ConfigMap'
        ? /^capture-policy(-baseline|-probe)?-[0-9a-f]{8}$/
        : /^capture\.chart-other(\.baseline|\.probe)?$/,
    );
    const own =
      kind === 'ConfigMap'
        ? {}
        : { labels: { on: 'policy' }, annotations: { 'example.com/note': 'a', 'example.com/owner': 'yes' } };
    expect(metadata).toMatchObject(own);
  }
});

const text = `a: "b"\n# {{ c }} <&> 'd'\n\n`;

test('the parameters contain every text unchanged', async () => {
  const parameters = (await rendered({ capture: { filter: text } })).filter(({ kind }) => kind === 'ConfigMap');
  expect(parameters.map(({ data }) => data['setting.filter'])).toEqual([text, text, text]);
});

test('the policy has the same bytes twice, because it needs no certificates', async () => {
  const [one, other] = [await helmTemplate(asPolicy({}), { flags }), await helmTemplate(asPolicy({}), { flags })];
  expect(one.stdout).toBe(other.stdout);
  expect(kinds(parseObjects(one.stdout))).toEqual(policyKinds);
});

const container = { name: 'a', image: 'a' };
const condition = (name: string) => ({ name, expression: 'true' });

describe.each<readonly [what: string, values: object, api: boolean, sentence: string, hint: string]>([
  [
    'a cluster without the kind',
    {},
    false,
    `injection.way is policy, and the cluster has no ${api}`,
    `--api-versions ${api}`,
  ],
  [
    'a target',
    { targets: [{ namespace: 'shop' }] },
    true,
    'targets is set: this way has no hook',
    'packet-capture/injection=enabled',
  ],
  [
    'a custom sidecar',
    { sidecar: { containers: [container] } },
    true,
    'sidecar has a custom container',
    'remove sidecar',
  ],
  [
    'resources that are no amounts',
    { agent: { resources: { claims: [{ name: 'a' }] } } },
    true,
    'agent.resources.claims is set',
    'only requests and limits',
  ],
  [
    'more conditions than a policy can have',
    { webhook: { matchConditions: Array.from({ length: 56 }, (_, index) => condition(`c${index}`)) } },
    true,
    'matchConditions has 56 entries',
    'at most',
  ],
  [
    "a condition under a name of the policy's",
    { webhook: { matchConditions: [condition('packet-capture.internal/windows')] } },
    true,
    'webhook.matchConditions is already used',
    'its own name',
  ],
])('%s', (_, values, has, sentence, hint) => {
  test('is refused with a hint, by helm 3 and 4', async () => {
    for (const major of [3, 4] as const) {
      const { exitCode, stderr } = await helmTemplate(asPolicy(values), { major, flags: has ? flags : [] });
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain(sentence);
      expect(stderr).toContain(hint);
    }
  });
});

test('values that only the injector needs are not checked', async () => {
  const values = {
    certs: { mode: 'baked' as const },
    metrics: { port: 443 },
    webhook: { failurePolicy: 'Fail' as const },
    replicas: 0,
  };
  expect(kinds(await rendered(values))).toEqual(policyKinds);
});

test('an unknown way is refused, with or without the schema', async () => {
  const { exitCode, stderr } = await helmTemplate(
    { injection: { way: 'magic' } },
    { flags: ['--skip-schema-validation'] },
  );
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain('there is no injection.way "magic"');
  expect(stderr).toContain('Choose webhook or policy.');
});
