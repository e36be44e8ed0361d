import { load } from 'js-yaml';
import { describe, expect, inject, test } from 'vitest';
import { capture } from '../../scripts/cluster/command.ts';
import { inspect } from '../../src/certificates/index.ts';
import type { ChartOverrides } from '../../src/chart/index.ts';
import { minimums } from '../../src/minimums.ts';
import { yamlValue } from '../../src/ways/manifest/yamlValue.ts';
import {
  chart,
  helmTemplate,
  idOf,
  ofKind,
  podTemplates,
  registry,
  render,
  type KubernetesObject,
} from '../support/chart/helm.ts';
import { bakedCerts, site, valueSets } from '../support/chart/valueSets.ts';

const sets = valueSets(await bakedCerts(), await bakedCerts('capture', 'chart-other'));
const rendered = async (name: string): Promise<KubernetesObject[]> => render(sets[name] ?? {});
const injector = (objects: readonly KubernetesObject[]) =>
  ofKind(objects, 'Deployment')['spec'].template.spec.containers[0];
const sidecarConfig = (objects: readonly KubernetesObject[]) =>
  load(ofKind(objects, 'ConfigMap', 'packet-capture-config')['data']['sidecarconfig.yaml']) as Record<string, unknown>;

test.each([3, 4] as const)('helm lint reports nothing: helm %i', async (major) => {
  for (const values of [{}, sets['targets'], sets['high availability']]) {
    const args = [
      'lint',
      '--strict',
      chart,
      '--kube-version',
      '1.30.0',
      '--namespace',
      site.namespace,
      '--values',
      '-',
    ];
    const { exitCode, stdout, stderr } = await capture([inject('helm')[major], ...args], {
      input: JSON.stringify(withoutCerts(values)),
    });
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]/);
  }
});

/** Names that certificates cannot have, because `helm lint` knows no release name. */
function withoutCerts(values: ChartOverrides = {}): ChartOverrides {
  const { certs: _, ...rest } = values;
  return rest;
}

test.each([3, 4] as const)(
  'helm %i refuses a cluster that is too old, and takes the first that is not',
  async (major) => {
    const [old, first] = [minimums.matchConditions - 1, minimums.matchConditions].map((minor) => `1.${minor}.6`);
    const values = { certs: sets['baked']?.certs ?? {} };
    const { exitCode, stderr } = await helmTemplate(values, { major, kubeVersion: old ?? '' });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      `chart requires kubeVersion: >=${first?.slice(0, -1)}0-0 which is incompatible with Kubernetes`,
    );
    expect((await helmTemplate(values, { major, kubeVersion: first ?? '' })).exitCode).toBe(0);
  },
);

test('rbac.attach makes one ClusterRole with the rights that attach asks for; by default there is none', async () => {
  const isRole = ({ kind }: KubernetesObject): boolean => kind === 'ClusterRole';
  expect((await rendered('baked')).filter(isRole)).toEqual([]);
  const { certs } = sets['baked'] ?? {};
  const roles = (await render({ ...(certs === undefined ? {} : { certs }), rbac: { attach: true } })).filter(isRole);
  expect(roles).toHaveLength(1);
  const [role] = roles as unknown as readonly [{ rules: readonly { resources: string[]; verbs: string[] }[] }];
  const rights = role.rules.flatMap(({ resources, verbs }) => verbs.map((verb) => `${verb} ${resources.join()}`));
  expect(rights).toEqual([
    'get pods',
    'list pods',
    'get pods/ephemeralcontainers',
    'patch pods/ephemeralcontainers',
    'update pods/ephemeralcontainers',
    'create pods/exec',
    'get pods/exec',
    'create events',
  ]);
  expect(JSON.stringify(roles)).not.toContain('aggregat');
});

describe('images', () => {
  test('are those of this version by default', async () => {
    const objects = await rendered('baked');
    expect(injector(objects)).toMatchObject({
      image: `${registry}/packet-capture/injector:0.1.0`,
      imagePullPolicy: 'IfNotPresent',
    });
    expect(sidecarConfig(objects)).toMatchObject({ agent: { image: `${registry}/packet-capture/agent:0.1.0` } });
    expect(podTemplates(objects).some(({ spec }) => 'imagePullSecrets' in spec)).toBe(false);
  });

  test('come from the registry, repository, tag and digest of the values, in every pod', async () => {
    const objects = await rendered('images');
    const { image, pullPolicy } = { image: sets['images']?.image, pullPolicy: 'Always' };
    const name = `registry.example.com:5000/mirror/injector:1.2.3@${image?.digest}`;
    expect(podTemplates(objects).length).toBeGreaterThan(1);
    for (const { id, spec } of podTemplates(objects)) {
      expect(spec['containers'], id).toMatchObject([{ image: name, imagePullPolicy: pullPolicy }]);
      expect(spec['imagePullSecrets'], id).toEqual([{ name: 'global' }, { name: 'own' }]);
    }
    expect(sidecarConfig(objects)).toMatchObject({
      agent: {
        image: `other.example.com/mirror/agent@${image?.digest}`,
        imagePullPolicy: 'Never',
        imagePullSecrets: [{ name: 'global' }, { name: 'agents' }],
      },
    });
  });
});

test('sidecarconfig.yaml contains the settings of the values unchanged', async () => {
  expect(sidecarConfig(await rendered('all settings'))).toMatchObject({
    settings: {
      filter: `tcp port 80 or host 'x' # "no comment" {{ .Values }}: |\n`,
      'file-count': 1_000_000,
      snaplen: 128,
    },
    agent: { resources: { requests: { memory: 268_435_456 } } },
  });
});

const oddTexts = [
  'on',
  'y',
  'No',
  '0644',
  '0o7',
  '0x1F',
  '0b1',
  '1e3',
  '1_000',
  '190:20:30',
  '.inf',
  '~',
  'null',
  '',
  ' ',
  ' lead',
  'trail ',
  '2001-01-01',
  '+1',
  '=',
  '<<',
  '-',
  'a: b',
  '# c',
  'a #c',
  '- x',
  '{a',
  '[b',
  '"q"',
  "it's",
  '%x',
  '@at',
  '`b',
  '!t',
  '&a',
  '*b',
  '?',
  '|',
  '>',
  'tab\there',
  '\ttab',
  'a\n b\n',
  '\n a',
  'a\r\nb',
  '\u{1F600}é',
  '\\n',
  `${'word '.repeat(60)}end`,
  'w'.repeat(300),
  `${'a'.repeat(79)} # ${'b'.repeat(90)}: c`,
  '{{ .Values.x }}',
  '--- x',
  '...',
];
/** Texts with characters that are line breaks or invisible in YAML. */
const separators = ['a\u2028b', 'a \u2029 b', 'a\u0085b', ' \u2028x', 'a\ufeffb', '\ufeff'];

test.each([3, 4] as const)(
  'the injector reads the texts in sidecarconfig.yaml that helm %i wrote unchanged',
  async (major) => {
    const sidecarOf = (texts: readonly string[]) => ({
      containers: [{ name: 'a', env: texts.map((value, index) => ({ name: `V${index}`, value })) }],
    });
    for (const texts of [oddTexts, separators]) {
      // Not with the other values, because helm reads those as YAML.
      const objects = await render(sets['baked'] ?? {}, {
        major,
        flags: ['--set-json', `sidecar=${JSON.stringify(sidecarOf(texts))}`],
      });
      const text: string = ofKind(objects, 'ConfigMap', 'packet-capture-config')['data']['sidecarconfig.yaml'];
      expect(yamlValue(text, 'sidecarconfig.yaml')).toMatchObject(sidecarOf(texts));
    }
  },
);

test.each(['text', 'text\n', 'text\n\n', '\n'])(
  'a text in a custom sidecar keeps its line breaks at the end: %j',
  async (value) => {
    const sidecar = { initContainers: [{ name: 'a', workingDir: value }] };
    expect(sidecarConfig(await render({ ...sets['baked'], sidecar }))).toMatchObject(sidecar);
  },
);

test('the webhook and the injector have the selectors and keys of the values', async () => {
  const objects = await rendered('opt out, further selectors');
  const [privileged, baseline] = ofKind(objects, 'MutatingWebhookConfiguration')['webhooks'];
  for (const webhook of [privileged, baseline]) {
    expect(webhook.namespaceSelector.matchLabels).toEqual({ env: 'test' });
    expect(webhook.namespaceSelector.matchExpressions).toContainEqual({ key: 'team', operator: 'Exists' });
    expect(webhook.objectSelector).toEqual(sets['opt out, further selectors']?.injection?.objectSelector);
    expect(webhook.matchConditions.at(-1).name).toBe('not-a-job');
    expect(webhook).toMatchObject({
      failurePolicy: 'Fail',
      timeoutSeconds: 10,
      reinvocationPolicy: 'Never',
      matchPolicy: 'Exact',
    });
  }
  expect(injector(objects).args.join(' ')).toMatch(/--port 8443 .*--annotation example\.com\/capture --opt-out$/);
  expect(injector(objects).ports[0]).toEqual({ name: 'https', containerPort: 8443, protocol: 'TCP' });
});

describe('certificates', () => {
  const bundles = (objects: readonly KubernetesObject[]): unknown[] =>
    ofKind(objects, 'MutatingWebhookConfiguration')['webhooks'].map(
      ({ clientConfig }: { clientConfig: { caBundle?: string } }) => clientConfig.caBundle,
    );

  test('from helm are the same in every object and valid for the name of the Service', async () => {
    const objects = await rendered('defaults');
    const { data, type } = ofKind(objects, 'Secret');
    expect(type).toBe('kubernetes.io/tls');
    expect(bundles(objects)).toEqual([data['ca.crt'], data['ca.crt'], data['ca.crt']]);
    const [ca, serving] = ['ca.crt', 'tls.crt'].map((key) => Buffer.from(data[key], 'base64').toString()) as [
      string,
      string,
    ];
    const material = { caBundle: ca, certificate: serving, key: Buffer.from(data['tls.key'], 'base64').toString() };
    expect(
      inspect(material, { now: new Date(), host: 'packet-capture.chart-system.svc', complete: true }).findings,
    ).toEqual([]);
  });

  test('from the values are unchanged; another certificate restarts the pods, another bundle does not', async () => {
    const [baked, rotating] = [await rendered('baked'), await rendered('rotating')];
    const checksum = (objects: readonly KubernetesObject[]) =>
      ofKind(objects, 'Deployment')['spec'].template.metadata.annotations['checksum/certificates'];
    const text = (value: unknown) => Buffer.from(String(value), 'base64').toString();
    expect(text(bundles(baked)[0])).toBe(sets['baked']?.certs?.caBundle);
    expect(text(bundles(rotating)[0])).toBe(sets['rotating']?.certs?.caBundle);
    const { data } = ofKind(baked, 'Secret');
    const { caBundle, certificate, key } = sets['baked']?.certs ?? {};
    expect([text(data['ca.crt']), text(data['tls.crt']), text(data['tls.key'])]).toEqual([caBundle, certificate, key]);
    expect(checksum(baked)).toMatch(/^[0-9a-f]{64}$/);
    expect(checksum(rotating)).toBe(checksum(baked));
    const other = await render({ certs: await bakedCerts() });
    expect(checksum(other)).not.toBe(checksum(baked));
  });

  test.each([
    ['an existing Secret', 'injector.tls', true],
    ['an existing Secret, its CA injected', 'injector-tls', false],
    ['cert-manager', 'packet-capture-certs', false],
    ['cert-manager with an issuer', 'packet-capture-certs', false],
  ] as const)('with %s no Secret is rendered, and the bundle has one writer', async (name, secretName, bundle) => {
    const objects = await rendered(name);
    expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    expect(bundles(objects).every((text) => (text !== undefined) === bundle)).toBe(true);
    const volumes = ofKind(objects, 'Deployment')['spec'].template.spec.volumes;
    expect(volumes[1].secret.secretName).toBe(secretName);
    const annotations = ofKind(objects, 'MutatingWebhookConfiguration').metadata.annotations ?? {};
    expect(Object.keys(annotations).some((key) => key.startsWith('cert-manager.io/inject-ca-from'))).toBe(!bundle);
  });

  test("are signed by the user's issuer, or by a CA of the release", async () => {
    const own = (await rendered('cert-manager with an issuer')).filter(({ apiVersion }) =>
      apiVersion.startsWith('cert-manager.io/'),
    );
    expect(own.map(idOf)).toEqual(['Certificate chart-system/packet-capture-certs']);
    expect(own[0]?.['spec']).toMatchObject({ duration: '24h', issuerRef: { kind: 'ClusterIssuer', name: 'company' } });
    const made = (await rendered('cert-manager')).filter(({ apiVersion }) => apiVersion.startsWith('cert-manager.io/'));
    expect(made.map(idOf)).toHaveLength(4);
  });
});

test('the Deployment has no replicas with autoscaling', async () => {
  const objects = await rendered('scaled by load');
  expect(ofKind(objects, 'Deployment')['spec']).not.toHaveProperty('replicas');
  expect(ofKind(objects, 'HorizontalPodAutoscaler')['spec']).toMatchObject({
    minReplicas: 3,
    maxReplicas: 9,
    metrics: [{ resource: { name: 'cpu' } }, { resource: { name: 'memory' } }],
  });
  expect(ofKind(objects, 'PodDisruptionBudget')['spec']).toMatchObject({
    minAvailable: '50%',
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  });
});

test('the objects have the labels and annotations of the values, and no selector has them', async () => {
  const objects = await rendered('names, labels and annotations');
  for (const { metadata } of objects) {
    expect(metadata.labels).toMatchObject({ team: 'net', 'app.kubernetes.io/part-of': 'tools' });
    expect(metadata.annotations).toMatchObject({ 'example.com/owner': 'yes' });
    expect(metadata.namespace ?? 'chart-other').toBe('chart-other');
  }
  const deployment = ofKind(objects, 'Deployment', 'capture');
  expect(deployment.metadata.labels?.['on']).toBe('deployment');
  expect(deployment['spec'].template.metadata).toMatchObject({
    labels: { on: 'pod', team: 'net', 'app.kubernetes.io/component': 'injector' },
    annotations: { 'example.com/scrape': 'true', 'example.com/owner': 'yes' },
  });
  expect(ofKind(objects, 'Service').metadata).toMatchObject({
    labels: { on: 'service' },
    annotations: { 'example.com/lb': 'none' },
  });
  expect(ofKind(objects, 'MutatingWebhookConfiguration').metadata.name).toBe('capture.chart-other');
});

test('additional objects are rendered with the names of the release', async () => {
  const objects = await rendered('placed and extended');
  expect(ofKind(objects, 'ConfigMap', 'packet-capture-extra')).toMatchObject({
    metadata: { namespace: 'chart-system' },
    data: { note: 'a: b' },
  });
  expect(ofKind(objects, 'ConfigMap', 'packet-capture-text').metadata.namespace).toBe('chart-system');
});
