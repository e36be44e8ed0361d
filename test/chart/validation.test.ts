import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { issueMaterial, servingNames } from '../../src/certificates/index.ts';
import { helmTemplate, ofKind, render } from '../support/chart/helm.ts';
import { bakedCerts, site } from '../support/chart/valueSets.ts';

const certs = await bakedCerts();
const names = servingNames('packet-capture', site.namespace);
const dayMs = 86_400_000;
const expired = await issueMaterial({ dnsNames: names, now: new Date(Date.now() - 40 * dayMs), days: 30 });
const almost = await issueMaterial({
  dnsNames: [...names.slice(0, 2), `x${names[2]}`, `${names[2]}.cluster.local`],
  now: new Date(),
});
const far = await issueMaterial({ dnsNames: names, now: new Date(), days: 3650 });
const later = await issueMaterial({ dnsNames: names, now: new Date('2045-01-01T00:00:00Z'), days: 3650 });

/** Refused values, with the message and the hint for users. */
const refused: ReadonlyArray<readonly [what: string, values: object, sentence: string | RegExp, hint: string]> = [
  [
    'a mode that there is not',
    { certs: { mode: 'acme' } },
    'there is no certs.mode "acme"',
    'Choose baked, generated, existingSecret or certManager.',
  ],
  [
    'baked without certificates',
    { certs: { mode: 'baked' } },
    'certs.mode is baked, and certs.key is empty',
    'packet-capture certs new --service packet-capture --namespace chart-system -o yaml > certs.yaml',
  ],
  [
    'baked with another service',
    { certs, fullnameOverride: 'other' },
    'certs.certificate is not for other.chart-system.svc',
    'certs new --service other',
  ],
  [
    'names that only contain the one called',
    { certs: { mode: 'baked', ...almost } },
    'certs.certificate is not for packet-capture.chart-system.svc',
    'certs new',
  ],
  [
    'an expired certificate',
    { certs: { mode: 'baked', ...expired } },
    /certs\.certificate expired on 20\d\d-\d\d-\d\d/,
    'certs new',
  ],
  [
    'text instead of a certificate',
    { certs: { ...certs, certificate: 'text' } },
    'certs.certificate is not a PEM certificate',
    'certs new',
  ],
  [
    'text instead of a CA',
    { certs: { ...certs, caBundle: 'text' } },
    'certs.caBundle is not a PEM certificate',
    'certs new',
  ],
  ['text instead of a key', { certs: { ...certs, key: 'text' } }, 'certs.key is not a PEM private key', 'certs new'],
  [
    'a key that nothing uses',
    { certs: { ...certs, mode: 'generated' } },
    'certs.key is set, and certs.mode is generated',
    'Set certs.mode to baked',
  ],
  [
    'existingSecret without a name',
    { certs: { mode: 'existingSecret', caBundle: certs.caBundle } },
    'certs.existingSecret is empty',
    'kubernetes.io/tls',
  ],
  [
    'existingSecret without a CA',
    { certs: { mode: 'existingSecret', existingSecret: 'tls' } },
    'certs.caBundle is empty: the API server would trust no certificate',
    '--set-file certs.caBundle=ca.crt',
  ],
  [
    'a Secret that nothing uses',
    { certs: { existingSecret: 'tls' } },
    'certs.existingSecret is set, and certs.mode is generated',
    'Set certs.mode to existingSecret',
  ],
  [
    'a CA that ends before its certificate',
    { certs: { generated: { caDays: 100 } } },
    'certs.generated.caDays is less than servingDays',
    'raise caDays',
  ],
  [
    'a target that is excluded',
    { targets: [{ namespace: 'kube-system' }] },
    'the target namespace "kube-system" is excluded from injection',
    'injection.excludedNamespaces',
  ],
  [
    "the release's own namespace as a target",
    { targets: [{ namespace: site.namespace }] },
    'the target namespace "chart-system" is excluded',
    'another namespace for the release',
  ],
  [
    'a target twice',
    { targets: [{ namespace: 'a' }, { namespace: 'a' }] },
    'targets names the namespace "a" twice',
    'List all its workloads in one entry',
  ],
  [
    'settings together with a custom sidecar',
    { capture: { state: 'idle' }, sidecar: { containers: [{ name: 'a', image: 'a' }] } },
    'capture is set, and sidecar has a custom container',
    'remove one of the two',
  ],
  [
    'volumes without a container',
    { sidecar: { volumes: [{ name: 'a', emptyDir: {} }] } },
    'sidecar has volumes, but no container',
    'sidecar.containers',
  ],
  [
    'more files than a volume may have',
    { capture: { 'file-size': '10Gi', 'file-count': 100 } },
    'file-size 10Gi x (file-count 100 + 1) + 16Mi = 1010.02Gi, and the limit is 10Gi',
    'Lower file-count or file-size',
  ],
  [
    'a volume smaller than the default ring',
    { agent: { maxVolumeSize: 159 * 2 ** 20 } },
    'file-size 16Mi x (file-count 8 + 1) + 16Mi = 0.16Gi, and the limit is 166723584',
    'raise agent.maxVolumeSize',
  ],
  [
    'a buffer beyond the bound',
    { capture: { 'buffer-size': '128Mi' } },
    'the buffer-size 128Mi is more than agent.maxBufferSize 64Mi',
    'raise agent.maxBufferSize',
  ],
  [
    'a bound below the default buffer',
    { agent: { maxBufferSize: 1_048_576 } },
    'the buffer-size 4Mi is more than agent.maxBufferSize 1048576',
    'raise agent.maxBufferSize',
  ],
  [
    'a condition under a name of ours',
    { webhook: { matchConditions: [{ name: 'packet-capture/opted-in', expression: 'true' }] } },
    'webhook.matchConditions is already used',
    'its own name',
  ],
  [
    'both sides of a disruption budget',
    { podDisruptionBudget: { minAvailable: 1, maxUnavailable: 1 } },
    'minAvailable and maxUnavailable are both set',
    'one of them empty',
  ],
  [
    'a budget that no drain can keep',
    { podDisruptionBudget: { minAvailable: 2 } },
    'no node could be drained',
    'Lower it',
  ],
  [
    'a minimum above the maximum',
    { autoscaling: { enabled: true, minReplicas: 9 } },
    'minReplicas is more than maxReplicas',
    'Raise maxReplicas',
  ],
  [
    'no metric to scale by',
    { autoscaling: { enabled: true, targetCPUUtilizationPercentage: 0 } },
    'no metric to scale by',
    'targetCPUUtilizationPercentage',
  ],
  [
    'Fail without an injector',
    { replicas: 0, webhook: { failurePolicy: 'Fail' } },
    'failurePolicy is Fail, and replicas is 0',
    'Set replicas',
  ],
  [
    'a monitor of sidecars without a metrics port',
    { metrics: { capturedPods: { podMonitor: { enabled: true } } } },
    'agent.metricsPort is 0: the sidecars have no metrics',
    'Set agent.metricsPort',
  ],
  [
    'one port for two',
    { metrics: { port: 10_250 } },
    'webhook.port and metrics.port are the same',
    'another metrics.port',
  ],
  [
    'the port of the webhook for the metrics',
    { metrics: { port: 443 } },
    'metrics.port is 443',
    'another metrics.port',
  ],
  ['a grace period within the drain', { terminationGracePeriodSeconds: 5 }, 'not more than 10', '11 or more'],
  [
    'a hook that ends before it can report',
    { hooks: { timeout: '1h', activeDeadlineSeconds: 3600 } },
    'hooks.timeout is not less than hooks.activeDeadlineSeconds',
    'Raise',
  ],
  ['an argument twice', { extraArgs: ['--port=1'] }, 'extraArgs has --port', 'the value of the chart instead'],
  [
    'bodies without room for one',
    { webhook: { limits: { maxBodies: '7Mi' } } },
    'webhook.limits.maxBodies 7Mi is less than twice maxParsed 4Mi',
    'Raise maxBodies',
  ],
  [
    'two client CAs',
    { webhook: { clientCA: { configMap: 'a', secret: 'b' } } },
    'webhook.clientCA.configMap and webhook.clientCA.secret are both set',
    'empty',
  ],
  ['a bound twice', { extraArgs: ['--max-body', '1Mi'] }, 'extraArgs has --max-body', 'the value of the chart instead'],
  [
    'a variable twice',
    { extraEnv: [{ name: 'A' }, { name: 'A' }] },
    'extraEnv has the name "A", which is already used',
    'another name',
  ],
  [
    'a volume of ours',
    { extraVolumes: [{ name: 'certificates' }] },
    'extraVolumes has the name "certificates"',
    'another name',
  ],
  [
    'a name that no Service can have',
    { fullnameOverride: '1st' },
    '"1st" is not a valid name of a Service',
    'fullnameOverride',
  ],
];

describe.each(refused)('%s', (_, values, sentence, hint) => {
  test('is refused with a hint, with or without the schema', async () => {
    const { exitCode, stderr } = await helmTemplate(values, { flags: ['--skip-schema-validation'] });
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(sentence);
    expect(stderr).toContain(hint);
  });
});

/** Values that name all images. */
test.each<readonly [string, object]>([
  ['global.imageRegistry', { global: { imageRegistry: 'registry.example' } }],
  ['a registry each', { image: { registry: 'registry.example' }, agent: { image: { registry: 'registry.example' } } }],
  [
    'repositories with a registry',
    { image: { repository: 'registry.example/a' }, agent: { image: { repository: 'registry.example/b' } } },
  ],
  [
    "the policy, which runs no injector's image",
    { injection: { way: 'policy' }, agent: { image: { registry: 'registry.example' } } },
  ],
])('the values name the images, so there is no error: %s', async (_, values) => {
  const { exitCode, stderr } = await helmTemplate(values, {
    imagesNamed: false,
    flags: ['--api-versions', 'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy'],
  });
  expect(exitCode, stderr).toBe(0);
});

test('all problems are reported at once, by helm 3 too', async () => {
  const values = { certs: { mode: 'existingSecret' }, targets: [{ namespace: 'kube-public' }], metrics: { port: 443 } };
  const { stderr } = await helmTemplate(values, { major: 3 });
  for (const part of ['existingSecret is empty', 'kube-public', 'metrics.port is 443']) expect(stderr).toContain(part);
});

test.each<readonly [string, object]>([
  ['in PEM form', { ...certs, mode: 'generated' }],
  ['that is swapped with its certificate', { ...certs, certificate: certs.key, key: certs.certificate }],
  ['that is swapped with it in another mode', { mode: 'generated', certificate: certs.key, key: certs.certificate }],
  ['instead of the CA', { ...certs, caBundle: certs.key }],
  ['behind the CA', { ...certs, caBundle: `${certs.caBundle}${certs.key}` }],
  [
    'behind the CA of an existing Secret',
    { mode: 'existingSecret', existingSecret: 'tls', caBundle: `${certs.caBundle}${certs.key}` },
  ],
  ['behind its certificate', { ...certs, certificate: `${certs.certificate}${certs.key}` }],
  ['of the next pair, swapped', { ...certs, next: { certificate: certs.key, key: certs.certificate } }],
  ['under a name that there is not', { ...certs, keyfile: certs.key }],
  ['in base64, by mistake', { ...certs, key: Buffer.from(certs.key).toString('base64') }],
  ['in a list, by mistake', { ...certs, key: [certs.key] }],
])('the error about a private key %s does not show the key', async (_, values) => {
  for (const major of [3, 4] as const) {
    const { exitCode, stdout, stderr } = await helmTemplate({ certs: values }, { major });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('key');
    const line = certs.key.split('\n')[3] ?? '';
    for (const secret of [line, Buffer.from(certs.key).toString('base64').slice(90, 120)])
      expect(stdout + stderr).not.toContain(secret);
  }
});

test('credentials in an upload are refused, and the message does not show them', async () => {
  for (const major of [3, 4] as const) {
    const { exitCode, stdout, stderr } = await helmTemplate(
      { capture: { upload: ':s3,secret_access_key=hunter2:bucket' } },
      { major },
    );
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('/capture/upload');
    expect(stdout + stderr).not.toContain('hunter2');
  }
});

test('the expiry of a certificate is read before and after 2050', async () => {
  for (const material of [far, later]) {
    expect(ofKind(await render({ certs: { ...certs, ...material } }), 'Secret').metadata.name).toBe(
      'packet-capture-certs',
    );
  }
  expect(new X509Certificate(later.certificate).validToDate.getUTCFullYear()).toBeGreaterThan(2050);
});

test('a name of more than 127 bytes is found in a certificate', async () => {
  const [service, namespace] = ['s'.repeat(63), 'n'.repeat(63)];
  const values = { fullnameOverride: service, certs: await bakedCerts(service, namespace) };
  const objects = await render(values, { site: { release: 'a', namespace } });
  expect(ofKind(objects, 'Deployment').metadata.name).toBe(service);
  const { stderr } = await helmTemplate(values, { site: { release: 'a', namespace: 'm'.repeat(63) } });
  expect(stderr).toContain('certs.certificate is not for');
});
