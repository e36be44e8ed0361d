import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { kubectl, runInNetns } from '../../scripts/cluster/kubectl.ts';
import { versionsOf } from '../../scripts/cluster/nodeVersions.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../scripts/cluster/tools.ts';
import { issueMaterial, servingNames, type CertificateMaterial } from '../../src/certificates/index.ts';
import { committedChart, type ChartOverrides } from '../../src/chart/index.ts';
import { imageTrialPod } from '../../src/dryRun/imageTrialPod.ts';
import { defaultSidecarConfig, makeSidecar } from '../../src/sidecar/index.ts';
import { jsonSchema, type OpenApi } from '../support/audit/jsonSchemas.ts';
import { kindsOf, openApiOf } from '../support/audit/schemaFolder.ts';
import { ofKind, parseObjects, podTemplates, withRegistry, type KubernetesObject } from '../support/chart/helm.ts';
import { bakedCerts, otherNamespaces, site, targetNamespaces, valueSets } from '../support/chart/valueSets.ts';
import { kube, namespaceYaml } from '../support/cluster/clusterFixture.ts';

const node = inject('node');
const ofThisVersion = ['--kube-version', `1.${(await versionsOf(node)).kubernetes}.0`];
const sets = valueSets(await bakedCerts(), await bakedCerts('capture', 'chart-other'));
const names = Object.keys(sets);
const namespaces = [site.namespace, ...targetNamespaces, ...otherNamespaces];

/** What the value sets need that is no part of Kubernetes: just enough for the API server to know the kinds. */
const foreignKinds = [
  ['monitoring.coreos.com', 'ServiceMonitor', 'servicemonitors'],
  ['monitoring.coreos.com', 'PodMonitor', 'podmonitors'],
  ['monitoring.coreos.com', 'PrometheusRule', 'prometheusrules'],
  ['cert-manager.io', 'Certificate', 'certificates'],
  ['cert-manager.io', 'Issuer', 'issuers'],
] as const;

function crd(group: string, kind: string, plural: string): object {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}

let made: string[] = [];

beforeAll(async () => {
  for (const name of namespaces) await kube(['apply', '-f', '-'], namespaceYaml(name, 'restricted'));
  const known = await kube(['get', 'crd', '-o', 'name']);
  const missing = foreignKinds.filter(([group, , plural]) => !known.includes(`/${plural}.${group}\n`));
  made = missing.map(([group, , plural]) => `crd/${plural}.${group}`);
  for (const [group, kind, plural] of missing)
    await kube(['create', '-f', '-'], JSON.stringify(crd(group, kind, plural)));
  if (made.length > 0) await kube(['wait', '--for=condition=Established', '--timeout=240s', ...made]);
});

afterAll(async () => {
  await kube(['delete', 'namespace', '--ignore-not-found', '--wait=false', ...namespaces]);
  if (made.length > 0) await kube(['delete', ...made]);
});

/** helm on the node; the values go in by standard input. */
async function helm(major: 3 | 4, verb: string, values: unknown, flags: readonly string[] = []): Promise<string> {
  const program = await ensureHelm(major, stderrProgress);
  const argv = [
    program,
    verb,
    site.release,
    committedChart(),
    '--namespace',
    site.namespace,
    '--values',
    '-',
    ...flags,
  ];
  const { exitCode, stdout, stderr } = await runInNetns(node, argv, { input: JSON.stringify(withRegistry(values)) });
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

async function rendered(
  values: ChartOverrides,
  major: 3 | 4 = 4,
  flags: readonly string[] = [],
): Promise<KubernetesObject[]> {
  return parseObjects(await helm(major, 'template', values, flags));
}

function listOf(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

/** Paths of fields that the API server does not keep: empty lists and zeros, as a rule. */
function dropped(sent: unknown, stored: unknown, path = ''): string[] {
  if (stored === undefined) return [path];
  if (typeof sent !== 'object' || sent === null) return [];
  return Object.entries(sent).flatMap(([key, value]) =>
    dropped(value, (stored as Readonly<Record<string, unknown>>)[key], `${path}.${key}`),
  );
}

const objectsOf = new Map<string, readonly KubernetesObject[]>();

/** Pod Security's level restricted does not know the host's network, which is for clusters that need it. */
const isRestricted = (name: string): boolean => sets[name]?.hostNetwork !== true;

beforeAll(async () => {
  for (const name of names) objectsOf.set(name, await rendered(sets[name] ?? {}, 4, ofThisVersion));
  // A pod needs its service account, also in a dry run.
  const accounts = [...objectsOf.values()].flat().filter(({ kind }) => kind === 'ServiceAccount');
  await kube(['apply', '-f', '-'], listOf(accounts));
});

describe('with the values', () => {
  test.each(names)('"%s" the API server accepts every object', async (name) => {
    const objects = (objectsOf.get(name) ?? []).filter(({ kind }) => kind !== 'Pod');
    // As helm 4 applies them.
    const output = await kube(
      ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-o', 'json', '-f', '-'],
      listOf(objects),
    );
    const stored =
      objects.length === 1
        ? [JSON.parse(output) as object]
        : (JSON.parse(output) as { readonly items: readonly object[] }).items;
    // What it does not keep would be a difference for ever, for kubectl apply as for Argo CD.
    expect(
      objects
        .map((object, index) => [object.kind, dropped(object, stored[index])])
        .filter(([, paths]) => paths?.length !== 0),
    ).toEqual([]);
  });

  test.each(names.filter(isRestricted))(
    '"%s" the pods are admitted in a namespace that enforces restricted',
    async (name) => {
      const objects = objectsOf.get(name) ?? [];
      const pods = podTemplates(objects).map(({ id, metadata, spec }) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: id.split('/').at(-1),
          namespace: ofKind(objects, 'Deployment').metadata.namespace,
          labels: metadata.labels,
        },
        spec,
      }));
      expect((await kube(['create', '--dry-run=server', '-f', '-'], listOf(pods))).trim().split('\n')).toHaveLength(
        pods.length,
      );
    },
  );
});

test('the fields and types by which the chart is audited are those of this API server', async () => {
  const { kubernetes } = await versionsOf(node);
  const served = JSON.parse(await kube(['get', '--raw', '/openapi/v2'])) as OpenApi;
  const built = await openApiOf(kubernetes);
  const kinds = kindsOf([...objectsOf.values()].flat()).filter((kind) => jsonSchema(built, kind) !== undefined);
  expect(kinds.length).toBeGreaterThan(12);
  // The document in the source has no lists of values: the dry runs below judge those.
  const fields = (schema?: object): unknown =>
    JSON.parse(JSON.stringify(schema, (key, value: unknown) => (key === 'enum' ? undefined : value)));
  for (const kind of kinds)
    expect(fields(jsonSchema(served, kind)), kind.kind).toEqual(fields(jsonSchema(built, kind)));
});

test('the pod that tries the agent’s image is admitted there, too', async () => {
  const { container } = makeSidecar({
    config: defaultSidecarConfig,
    profile: 'privileged',
    guaranteed: false,
    podSettings: {},
  });
  const trial = imageTrialPod({ name: 'trial', container, like: {}, pullSecrets: [], deadlineSeconds: 60 });
  const input = JSON.stringify({ ...trial, metadata: { name: 'trial', namespace: site.namespace } });
  expect(await kube(['create', '--dry-run=server', '-o', 'name', '-f', '-'], input)).toBe('pod/trial');
});

test('a pod with one more privilege is refused in that namespace, so the level is enforced', async () => {
  const values = { ...sets['baked'], securityContext: { allowPrivilegeEscalation: true } };
  const objects = await rendered(values, 4, ofThisVersion);
  const pod = ofKind(objects, 'Pod');
  const { exitCode, stderr } = await kubectl(node, ['create', '--dry-run=server', '-f', '-'], {
    input: JSON.stringify(pod),
  });
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain('violates PodSecurity "restricted');
});

describe.each([3, 4] as const)('certificates that helm %i creates', (major) => {
  const owner = { 'meta.helm.sh/release-name': site.release, 'meta.helm.sh/release-namespace': site.namespace };
  const hosts = servingNames('packet-capture', site.namespace);
  const secretName = 'packet-capture-certs';
  let good: CertificateMaterial;
  beforeAll(async () => {
    good = await issueMaterial({ dnsNames: hosts, now: new Date() });
  });

  /** The Secret's data after an upgrade would have found this one. */
  async function after(
    annotations: object,
    files: Readonly<Record<string, string>>,
  ): Promise<{ readonly found: Record<string, string>; readonly bundle: string }> {
    await kube(['delete', 'secret', secretName, '-n', site.namespace, '--ignore-not-found']);
    await kube(
      ['create', '-f', '-'],
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: secretName, namespace: site.namespace, annotations },
        stringData: files,
      }),
    );
    const objects = await rendered({}, major, ['--dry-run=server', '--is-upgrade', ...ofThisVersion]);
    const bundle = ofKind(objects, 'MutatingWebhookConfiguration')['webhooks'][0].clientConfig.caBundle as string;
    const data = ofKind(objects, 'Secret', secretName)['data'] as Record<string, string>;
    const decode = (text: string): string => Buffer.from(text, 'base64').toString();
    expect(decode(bundle)).toBe(decode(data['ca.crt'] ?? ''));
    return {
      found: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, decode(text)])),
      bundle: decode(bundle),
    };
  }

  const filesOf = ({ caBundle, certificate, key }: CertificateMaterial) => ({
    'ca.crt': caBundle,
    'tls.crt': certificate,
    'tls.key': key,
  });

  test('are kept by an upgrade', async () => {
    expect((await after(owner, filesOf(good))).found).toEqual(filesOf(good));
  });

  test.each<readonly [string, () => Promise<readonly [object, Readonly<Record<string, string>>]>]>([
    ['another release', async () => [{ ...owner, 'meta.helm.sh/release-name': 'other' }, filesOf(good)]],
    [
      'a release of another namespace',
      async () => [{ ...owner, 'meta.helm.sh/release-namespace': 'other' }, filesOf(good)],
    ],
    ['nobody', async () => [{}, filesOf(good)]],
    [
      'another host',
      async () => [
        owner,
        filesOf(await issueMaterial({ dnsNames: servingNames('packet-capture', 'other'), now: new Date() })),
      ],
    ],
    ['this release, without a CA', async () => [owner, { 'tls.crt': good.certificate, 'tls.key': good.key }]],
    ['this release, with a broken certificate', async () => [owner, { ...filesOf(good), 'tls.crt': 'broken' }]],
  ])('are made anew where those of %s are found', async (_, make) => {
    const [annotations, files] = await make();
    const { found } = await after(annotations, files);
    expect(found['tls.key']).not.toBe(files['tls.key']);
    expect(found['tls.crt']).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });

  test('are renewed in their last 30 days, and the previous CA stays trusted after the new one', async () => {
    const old = await issueMaterial({ dnsNames: hosts, now: new Date(), days: 29 });
    const { found, bundle } = await after(owner, filesOf(old));
    expect(found['tls.crt']).not.toBe(old.certificate);
    expect(bundle.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(bundle.trim().endsWith(old.caBundle.trim())).toBe(true);
    // And not longer than to the next renewal.
    const oldest = await issueMaterial({ dnsNames: hosts, now: new Date(), days: 29 });
    const { bundle: next } = await after(owner, { ...filesOf(old), 'ca.crt': `${old.caBundle}${oldest.caBundle}` });
    expect(next.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(next).not.toContain(oldest.caBundle.trim());
    const kept = await issueMaterial({ dnsNames: hosts, now: new Date(), days: 32 });
    expect((await after(owner, filesOf(kept))).found).toEqual(filesOf(kept));
  });
});

test('the notes say how to opt in, and list what the hook would do when there is no hook', async () => {
  // Nothing of a release's own may be there when it is installed.
  const own = ['serviceaccount/packet-capture', 'secret/packet-capture-certs'];
  await kube(['delete', '-n', site.namespace, '--ignore-not-found', ...own]);
  const notes = async (name: string, major: 3 | 4): Promise<string> => {
    const text = await helm(major, 'install', sets[name] ?? {}, ['--dry-run=server']);
    return text.slice(text.indexOf('NOTES:'));
  };
  const patch = `-p '{"spec":{"template":{"metadata":{"annotations":{"packet-capture/inject":"true"}}}}}'`;
  for (const major of [3, 4] as const) {
    const text = await notes('targets without hooks', major);
    expect(text).toContain('kubectl label namespace NAMESPACE packet-capture/injection=enabled');
    expect(text).toContain(`kubectl patch deployment web -n chart-shop ${patch}`);
  }
  expect(await notes('targets', 4)).toMatch(
    /A hook opts these targets in[^]*chart-shop: web, cart, db, log\.agent\n +chart-ledger\n/,
  );
  expect(await notes('opt out, further selectors', 4)).toContain('annotation example.com/capture is "false"');
});

test('the dry runs leave no object', async () => {
  const left = await kube(['get', 'deployments,services,configmaps,jobs,roles', '-n', site.namespace, '-o', 'name']);
  expect(left.trim()).toBe('configmap/kube-root-ca.crt');
});
