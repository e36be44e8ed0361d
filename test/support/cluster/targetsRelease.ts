import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, inject } from 'vitest';
import { kubectl } from '../../../scripts/cluster/kubectl.ts';
import { inNetns, nodeAddress } from '../../../scripts/cluster/machine.ts';
import { pauseImage } from '../../../scripts/cluster/nodeConfig.ts';
import { pollUntil } from '../../../scripts/cluster/poll.ts';
import { filesOfMaterial, type CertificateMaterial } from '../../../src/certificates/index.ts';
import {
  componentLabel,
  components,
  instanceLabel,
  webhookNames,
  webhookPaths,
} from '../../../src/ways/webhook/names.ts';
import { patienceMs } from '../patience.ts';
import { kube } from './clusterFixture.ts';

export interface Target {
  readonly namespace: string;
  readonly deployments?: readonly string[];
  readonly statefulSets?: readonly string[];
  readonly daemonSets?: readonly string[];
}

/** As the chart names it. */
export function trialPodName({ name, namespace }: { readonly name: string; readonly namespace: string }): string {
  return `${name}.${namespace}-image-trial`;
}

export function recordName(release: string): string {
  return `${release}-opt-in`;
}

const node = inject('node');
const program = 'src/cli/injector.ts';

/** Of this worker's own: files run beside each other on one node. */
const port = 31443 + 2 * Number(process.env['VITEST_POOL_ID']);

/** The injector itself, beside the API server. */
export async function startInjector(folder: string, material: CertificateMaterial): Promise<ChildProcess> {
  for (const [name, text] of Object.entries(filesOfMaterial(material))) await writeFile(join(folder, name), text);
  const config = join(folder, 'sidecarconfig.yaml');
  await writeFile(config, `agent:\n  image: ${pauseImage}\n`);
  const flags = [
    '--port',
    String(port),
    '--metrics-port',
    String(port + 1),
    '--config',
    config,
    '--certificates',
    folder,
  ];
  const [file = '', ...args] = inNetns(node.netns, [process.execPath, program, 'serve', ...flags]);
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const listens = ['bash', '-c', `exec 3<>/dev/tcp/${nodeAddress}/${port}`];
  const ready = await pollUntil(async () => (await exitCodeOf(inNetns(node.netns, listens))) === 0, {
    everyMs: 100,
    timeoutMs: patienceMs,
  });
  expect(ready, 'the injector listens').toBe(true);
  return child;
}

async function exitCodeOf([file = '', ...args]: readonly string[]): Promise<number | null> {
  const [code] = (await once(spawn(file, args, { stdio: 'ignore' }), 'close')) as [number | null];
  return code;
}

/** The Service of an injector that is no pod. */
export const injectorService = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'injector' },
      spec: { ports: [{ name: 'https', port: 443, targetPort: port }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'injector', labels: { 'kubernetes.io/service-name': 'injector' } },
      addressType: 'IPv4',
      ports: [{ name: 'https', port }],
      endpoints: [{ addresses: [nodeAddress], conditions: { ready: true } }],
    },
  ],
};

export function webhookConfiguration(release: string, namespace: string, caBundle: string) {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: `${release}.${namespace}` },
    webhooks: [
      {
        name: webhookNames.probe,
        clientConfig: {
          service: { name: 'injector', namespace, path: webhookPaths.probe },
          caBundle: Buffer.from(caBundle).toString('base64'),
        },
        rules: [
          { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: 'Namespaced' },
        ],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        objectSelector: { matchLabels: { [instanceLabel]: release, [componentLabel]: components.probe } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        failurePolicy: 'Ignore',
        timeoutSeconds: 10,
      },
    ],
  };
}

export async function clusterCa(): Promise<string> {
  const { clusters } = load(await readFile(node.kubeconfig, 'utf8')) as {
    readonly clusters: readonly [{ readonly cluster: Record<string, string> }];
  };
  return Buffer.from(clusters[0].cluster['certificate-authority-data'] ?? '', 'base64').toString();
}

/** The ServiceAccount, the record's ConfigMap and exactly the rights that the chart gives. */
export async function applyRelease(
  name: string,
  namespace: string,
  targets: readonly Target[],
  verbs: readonly string[],
): Promise<void> {
  const subject = { kind: 'ServiceAccount', name: `${name}-hook`, namespace };
  const grant = (at: string, rules: readonly object[]): object[] => {
    const metadata = {
      name: `${name}-hook.${namespace}`,
      namespace: at,
      labels: { [instanceLabel]: `${name}.${namespace}` },
    };
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name };
    const api = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata };
    return [
      { ...api, kind: 'Role', rules },
      { ...api, kind: 'RoleBinding', roleRef, subjects: [subject] },
    ];
  };
  const rule = (apiGroup: string, resource: string, resourceNames: readonly string[] = []): object[] =>
    resourceNames.length === 0 ? [] : [{ apiGroups: [apiGroup], resources: [resource], resourceNames, verbs }];
  const probe = { apiGroups: [''], resources: ['pods'], verbs: ['create'] };
  const items = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: `${name}-hook`, namespace } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: recordName(name), namespace } },
    ...grant(namespace, [...rule('', 'configmaps', [recordName(name)]), probe]),
    ...targets.flatMap((target) =>
      grant(target.namespace, [
        ...rule('', 'namespaces', [target.namespace]),
        ...rule('apps', 'deployments', target.deployments),
        ...rule('apps', 'statefulsets', target.statefulSets),
        ...rule('apps', 'daemonsets', target.daemonSets),
        { apiGroups: [''], resources: ['pods'], verbs: ['create', 'list'] },
        { apiGroups: [''], resources: ['limitranges', 'resourcequotas'], verbs: ['list'] },
        {
          apiGroups: [''],
          resources: ['pods'],
          resourceNames: [trialPodName({ name, namespace })],
          verbs: ['get', 'delete'],
        },
      ]),
    ),
  ];
  await kube(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const user = `system:serviceaccount:${namespace}:${name}-hook`;
  const canPatch = async (): Promise<boolean> =>
    (await kubectl(node, ['auth', 'can-i', 'patch', `configmaps/${recordName(name)}`, '-n', namespace, '--as', user]))
      .exitCode === 0;
  expect(
    await pollUntil(async () => (await canPatch()) === verbs.includes('patch'), {
      everyMs: 100,
      timeoutMs: patienceMs,
    }),
  ).toBe(true);
}
