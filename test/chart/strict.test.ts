import { expect, test } from 'vitest';
import { ofKind, podTemplates, render } from '../support/chart/helm.ts';
import { bakedCerts, valueSets } from '../support/chart/valueSets.ts';

const certs = await bakedCerts();
const sets = valueSets(certs, await bakedCerts('capture', 'chart-other'));
const policiesOf = async (values: object) =>
  (await render({ certs, ...values })).filter(({ kind }) => kind === 'NetworkPolicy');
const targets = [{ namespace: 'chart-shop' }];

test('each kind of pod has its own network policy by default', async () => {
  const objects = await render({ certs, targets });
  const pods = podTemplates(objects).map(({ metadata }) => metadata.labels ?? {});
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
  expect(policies.map(({ metadata }) => metadata.name)).toEqual([
    'packet-capture',
    'packet-capture-hook',
    'packet-capture-test',
  ]);
  for (const labels of pods) {
    const selecting = policies.filter(({ spec }) =>
      Object.entries(spec.podSelector.matchLabels as Record<string, string>).every(
        ([key, value]) => labels[key] === value,
      ),
    );
    expect(selecting, JSON.stringify(labels)).toHaveLength(1);
    expect(selecting[0]?.['spec'].policyTypes).toEqual(['Ingress', 'Egress']);
  }
});

test('the network policies of hooks and test are created before their pods and deleted with them', async () => {
  const objects = await render({ certs, targets });
  const of = (kind: string, name: string) => ofKind(objects, kind, name).metadata.annotations ?? {};
  const [policy, account] = [of('NetworkPolicy', 'packet-capture-hook'), of('ServiceAccount', 'packet-capture-hook')];
  for (const key of ['helm.sh/hook', 'helm.sh/hook-weight', 'helm.sh/hook-delete-policy'])
    expect(policy[key]).toBe(account[key]);
  const probe = of('NetworkPolicy', 'packet-capture-test');
  expect(probe).toMatchObject({ 'helm.sh/hook': 'test', 'helm.sh/hook-weight': '-1' });
});

test('every client may reach the webhook, and only the own namespace or named peers may reach the metrics', async () => {
  const [own] = await policiesOf({});
  expect(own?.['spec'].ingress).toEqual([
    { ports: [{ port: 'https', protocol: 'TCP' }] },
    { from: [{ podSelector: {} }], ports: [{ port: 'metrics', protocol: 'TCP' }] },
  ]);
  // Everything is denied without a list, because the API server does not store an empty one.
  expect(own?.['spec']).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
  expect(own?.['spec']).not.toHaveProperty('egress');
  const from = [{ namespaceSelector: { matchLabels: { team: 'monitoring' } } }];
  const [named] = await policiesOf({ networkPolicy: { metricsFrom: from } });
  expect(named?.['spec'].ingress[1].from).toEqual(from);
});

test('hooks may reach the API server, at any or at a given address, and the test may reach the injector', async () => {
  const [, hook, check] = await policiesOf({ targets });
  expect(hook?.['spec']).toMatchObject({
    policyTypes: ['Ingress', 'Egress'],
    egress: [{ ports: [{ protocol: 'TCP' }] }],
  });
  expect(check?.['spec']).toMatchObject({
    policyTypes: ['Ingress', 'Egress'],
    egress: [
      {
        to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/component': 'injector' } } }],
        ports: [{ port: 10_250, protocol: 'TCP' }],
      },
    ],
  });
  const apiServer = [
    { to: [{ ipBlock: { cidr: '192.0.2.10/32' } }], ports: [{ port: 6443, protocol: 'TCP' as const }] },
  ];
  const [, narrowed, onHost] = await policiesOf({ targets, networkPolicy: { apiServer }, hostNetwork: true });
  for (const policy of [hook, check]) expect(policy?.['spec']).not.toHaveProperty('ingress');
  expect(narrowed?.['spec'].egress).toEqual(apiServer);
  expect(onHost?.['spec'].egress).toEqual([{ ports: [{ port: 10_250, protocol: 'TCP' }] }]);
});

test('there is no network policy if they are off or no pod runs', async () => {
  expect(await policiesOf({ targets, networkPolicy: { enabled: false } })).toEqual([]);
  const policy = await render(
    { injection: { way: 'policy' } },
    { flags: ['--api-versions', 'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy'] },
  );
  expect(policy.filter(({ kind }) => kind === 'NetworkPolicy')).toEqual([]);
});

const strict = {
  podLabels: { team: 'net' },
  podAnnotations: { 'example.com/owner': 'net' },
  resources: {
    requests: { cpu: '100m', memory: '128Mi' },
    limits: { cpu: '200m', memory: '256Mi', 'ephemeral-storage': '1Gi' },
  },
  nodeSelector: { pool: 'tools' },
  tolerations: [{ key: 'tools', operator: 'Exists' }],
  priorityClassName: 'low',
  podSecurityContext: { runAsNonRoot: true, runAsUser: 2000, seccompProfile: { type: 'RuntimeDefault' } },
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    runAsGroup: 2000,
  },
};

test('labels, resources and security contexts of the values apply to hooks, test and probe', async () => {
  const objects = await render({ certs, targets, hooks: strict, commonLabels: { cost: 'net' } });
  const pods = podTemplates(objects).filter(({ id }) => !id.startsWith('Deployment'));
  expect(pods).toHaveLength(4);
  for (const { id, metadata, spec } of pods) {
    expect(metadata.labels, id).toMatchObject({ team: 'net', cost: 'net' });
    expect(metadata.annotations, id).toMatchObject({ 'example.com/owner': 'net' });
    expect(spec, id).toMatchObject({
      nodeSelector: strict.nodeSelector,
      tolerations: strict.tolerations,
      priorityClassName: 'low',
      securityContext: strict.podSecurityContext,
    });
    expect(spec['containers'][0], id).toMatchObject({
      resources: strict.resources,
      securityContext: strict.securityContext,
    });
  }
  const { args } = ofKind(objects, 'Job', 'packet-capture-opt-in')['spec'].template.spec.containers[0];
  expect(JSON.parse(args[args.indexOf('--pod') + 1])).toEqual({
    labels: { team: 'net', cost: 'net' },
    annotations: { 'example.com/owner': 'net' },
    resources: strict.resources,
    podSecurityContext: strict.podSecurityContext,
    securityContext: strict.securityContext,
  });
  const injector = podTemplates(objects).find(({ id }) => id.startsWith('Deployment'));
  expect(injector?.spec['priorityClassName']).toBeUndefined();
});

test("hooks inherit the injector's values", async () => {
  const objects = await render({ ...sets['placed and extended'], targets });
  for (const { id, spec } of podTemplates(objects)) {
    expect(spec, id).toMatchObject({
      nodeSelector: { pool: 'tools' },
      priorityClassName: 'system-cluster-critical',
      securityContext: { runAsUser: 65_532 },
    });
  }
});

test.each([
  [{ fsGroup: null }, 444],
  [{ fsGroup: 0 }, 440],
  [{}, 440],
])('the injector may read its key with podSecurityContext %j', async (podSecurityContext, mode) => {
  const { volumes } = ofKind(
    await render({ certs, podSecurityContext, webhook: { clientCA: { secret: 'ca' } } }),
    'Deployment',
    'packet-capture',
  )['spec'].template.spec;
  // These tests read YAML 1.2, where 0440 is not octal.
  const modes = volumes
    .filter(({ secret }: { secret?: object }) => secret !== undefined)
    .map(({ secret }: { secret: { defaultMode: number } }) => secret.defaultMode);
  expect(modes).toEqual([mode, mode]);
});
