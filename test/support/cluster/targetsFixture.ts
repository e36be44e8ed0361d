import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { load } from 'js-yaml';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { kubectl } from '../../../scripts/cluster/kubectl.ts';
import { inNetns, nodeAddress } from '../../../scripts/cluster/machine.ts';
import { pauseImage } from '../../../scripts/cluster/nodeConfig.ts';
import { pollUntil } from '../../../scripts/cluster/poll.ts';
import {
  filesOfMaterial,
  makeRandomness,
  makeMaterial,
  servingNames,
  type CertificateMaterial,
} from '../../../src/certificates/index.ts';
import { ownersAnnotation } from '../../../src/release/hooks/optedIn.ts';
import {
  componentLabel,
  components,
  instanceLabel,
  webhookNames,
  webhookPaths,
} from '../../../src/ways/webhook/names.ts';
import { kube, namespaceYaml } from './clusterFixture.ts';

const node = inject('node');
const program = 'src/cli/injector.ts';
const apiServer = `https://${nodeAddress}:6443`;

/** The keys that the chart uses unless told. */
export const label = 'packet-capture/injection';
export const annotation = 'packet-capture/inject';

export interface Target {
  readonly namespace: string;
  readonly deployments?: readonly string[];
  readonly statefulSets?: readonly string[];
  readonly daemonSets?: readonly string[];
}

/** A release as the chart leaves it in the cluster, as far as its hook needs it. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
  /** The folder with its ServiceAccount's token and the API server's CA. */
  readonly folder: string;
}

export interface HookEvent {
  readonly event: string;
  readonly object?: string;
  readonly code?: string;
  readonly reason?: string;
  readonly [key: string]: unknown;
}

export interface HookResult {
  readonly exitCode: number | null;
  readonly events: readonly HookEvent[];
  readonly stderr: string;
}

export interface HookOptions {
  readonly timeout?: string;
  readonly force?: boolean;
  readonly keys?: { readonly label: string; readonly annotation: string };
  readonly server?: string;
  /** A file with what the release injects; the agent's image is tried then. */
  readonly config?: string;
  /** Called for each line of the program as it comes. */
  readonly onEvent?: (event: HookEvent, child: ChildProcess) => void;
}

/** `opt-in` with the rights of the release, from where the API server can be reached. */
export async function optIn(
  release: Release,
  targets: readonly Target[],
  options: HookOptions = {},
): Promise<HookResult> {
  const { timeout = '20s', keys = { label, annotation } } = options;
  const flags = [
    '--targets',
    JSON.stringify(targets),
    '--namespace-label',
    keys.label,
    '--annotation',
    keys.annotation,
  ];
  const force = options.force === true ? ['--force'] : [];
  const trial =
    options.config === undefined
      ? []
      : ['--sidecar-config', options.config, '--trial-pod', trialPodName(release), '--deadline', '60s'];
  return hook(release, ['opt-in', ...flags, '--image', pauseImage, '--timeout', timeout, ...trial, ...force], options);
}

/** `opt-out`, likewise; without `except` as before an uninstall. */
export async function optOut(
  release: Release,
  except?: readonly Target[],
  options: HookOptions = {},
): Promise<HookResult> {
  const { keys = { label, annotation } } = options;
  const flags =
    except === undefined
      ? []
      : ['--except', JSON.stringify(except), '--namespace-label', keys.label, '--annotation', keys.annotation];
  return hook(release, ['opt-out', ...flags], options);
}

async function hook(
  { name, namespace, folder }: Release,
  args: readonly string[],
  options: HookOptions,
): Promise<HookResult> {
  const common = ['--release', name, '--namespace', namespace, '--record', recordName(name)];
  const [file = '', ...rest] = inNetns(node.netns, [process.execPath, program, ...args, ...common]);
  const environment = {
    PACKET_CAPTURE_API_SERVER: options.server ?? apiServer,
    PACKET_CAPTURE_SERVICE_ACCOUNT_DIR: folder,
  };
  const child = spawn(file, rest, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  const events: HookEvent[] = [];
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  createInterface(child.stdout).on('line', (line) => {
    const event = JSON.parse(line) as HookEvent;
    events.push(event);
    options.onEvent?.(event, child);
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, events, stderr };
}

/** `opted_in namespace/shop`, `left deployment/web in shop (opted_out)`. */
export function outcomes(events: readonly HookEvent[]): string[] {
  return events
    .filter(({ object }) => object !== undefined)
    .map(({ event, object, code }) => `${event} ${object}${code === undefined ? '' : ` (${code})`}`);
}

/** As the chart names it. */
export function trialPodName({ name, namespace }: Pick<Release, 'name' | 'namespace'>): string {
  return `${name}.${namespace}-image-trial`;
}

export function recordName(release: string): string {
  return `${release}-opt-in`;
}

/** What a release has recorded: `namespace/shop`, `deployment/web in shop`; undefined without a record. */
export async function recorded({ name, namespace }: Release): Promise<string[] | undefined> {
  const text = await kube(['get', 'configmap', recordName(name), '-n', namespace, '-o', 'jsonpath={.data.targets}']);
  if (text === '') return undefined;
  const { objects } = JSON.parse(text) as {
    readonly objects: readonly { kind: string; namespace?: string; name: string }[];
  };
  return objects.map(
    (row) => `${row.kind.toLowerCase()}/${row.name}${row.namespace === undefined ? '' : ` in ${row.namespace}`}`,
  );
}

export interface OptedIn {
  /** The label's, or the annotation's on the pod template. */
  readonly value: string | undefined;
  readonly owners: Readonly<Record<string, string>> | undefined;
}

interface Stored {
  readonly metadata: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> };
  readonly spec: { readonly template?: { readonly metadata: { readonly annotations?: Record<string, string> } } };
}

/** How an object stands: `namespace/shop`, or TYPE/NAME in a namespace. */
export async function optedIn(
  object: string,
  namespace = 'default',
  key = object.startsWith('namespace/') ? label : annotation,
): Promise<OptedIn> {
  const { metadata, spec } = JSON.parse(await kube(['get', object, '-n', namespace, '-o', 'json'])) as Stored;
  const marks = object.startsWith('namespace/') ? metadata.labels : spec.template?.metadata.annotations;
  const owners = metadata.annotations?.[ownersAnnotation];
  return {
    value: marks?.[key],
    owners: owners === undefined ? undefined : (JSON.parse(owners) as Record<string, string>),
  };
}

export const untouched: OptedIn = { value: undefined, owners: undefined };

const countersOfControllers = ['deployment.kubernetes.io/revision', 'deprecated.daemonset.template.generation'];

/** Everything of an object that a hook could have left something in. */
export async function essence(object: string, namespace = 'default'): Promise<unknown> {
  const { metadata, spec } = JSON.parse(await kube(['get', object, '-n', namespace, '-o', 'json'])) as Stored;
  const annotations = Object.entries(metadata.annotations ?? {}).filter(
    ([key]) => !countersOfControllers.includes(key),
  );
  return { labels: metadata.labels, annotations: Object.fromEntries(annotations), spec };
}

export interface Site {
  /** A namespace of the tests, made now. */
  readonly makeNamespace: (name: string, ...labels: readonly string[]) => Promise<string>;
  /** What the chart makes for a release with these targets; also gives an upgraded release its new Roles. */
  readonly install: (
    name: string,
    targets: readonly Target[],
    webhook?: boolean,
    verbs?: readonly string[],
  ) => Promise<Release>;
  /** For a namespace that a test has deleted. */
  readonly forget: (namespace: string) => void;
  /** Lets the API server ask the injector about the release's probe. */
  readonly addWebhook: (release: string) => Promise<void>;
}

/** An injector on the node, and namespaces that are gone after the tests of a file. */
export function targetsSite(): Site {
  // Unlike in any other run on a node that is kept: a namespace takes its time to vanish.
  const stamp = `targets-${process.env['VITEST_POOL_ID']}-${Date.now().toString(36)}`;
  const namespaces: string[] = [];
  const configurations: string[] = [];
  let caBundle = '';
  let folder = '';
  let injector: ChildProcess | undefined;

  const makeNamespace: Site['makeNamespace'] = async (name, ...labels) => {
    const full = `${stamp}-${name}`;
    await kube(['create', '-f', '-'], namespaceYaml(full));
    namespaces.push(full);
    if (labels.length > 0) await kube(['label', 'namespace', full, ...labels]);
    return full;
  };
  const forget: Site['forget'] = (namespace) => {
    namespaces.splice(namespaces.indexOf(namespace), 1);
  };
  const addWebhook: Site['addWebhook'] = async (release) => {
    const configuration = webhookConfiguration(release, stamp, caBundle);
    configurations.push(configuration.metadata.name);
    await kube(['apply', '-f', '-'], JSON.stringify(configuration));
  };
  const install: Site['install'] = async (name, targets, webhook = true, verbs = ['get', 'patch']) => {
    await applyRelease(name, stamp, targets, verbs);
    if (webhook) await addWebhook(name);
    const own = join(folder, name);
    await mkdir(own, { recursive: true });
    await writeFile(join(own, 'token'), await kube(['create', 'token', `${name}-hook`, '-n', stamp, '--duration=1h']));
    await writeFile(join(own, 'ca.crt'), await clusterCa());
    return { name, namespace: stamp, folder: own };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'packet-capture-targets-'));
    await kube(['create', '-f', '-'], namespaceYaml(stamp));
    namespaces.push(stamp);
    const material = makeMaterial(
      { dnsNames: servingNames('injector', stamp), now: new Date() },
      await makeRandomness(),
    );
    caBundle = material.caBundle;
    injector = await startInjector(folder, material);
    await kube(['create', '-n', stamp, '-f', '-'], JSON.stringify(injectorService));
  });
  afterAll(async () => {
    if (configurations.length > 0) await kube(['delete', 'mutatingwebhookconfiguration', ...configurations]);
    await kube(['delete', 'namespace', ...namespaces, '--wait=false']);
    if (injector?.exitCode === null) {
      injector.kill();
      await once(injector, 'close');
    }
    await rm(folder, { recursive: true });
  });
  return { makeNamespace, install, forget, addWebhook };
}

/** Of this worker's own: files run beside each other on one node. */
const port = 31443 + 2 * Number(process.env['VITEST_POOL_ID']);

/** The injector itself, beside the API server. */
async function startInjector(folder: string, material: CertificateMaterial): Promise<ChildProcess> {
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
    timeoutMs: 20_000,
  });
  expect(ready, 'the injector listens').toBe(true);
  return child;
}

async function exitCodeOf([file = '', ...args]: readonly string[]): Promise<number | null> {
  const [code] = (await once(spawn(file, args, { stdio: 'ignore' }), 'close')) as [number | null];
  return code;
}

/** The Service of an injector that is no pod. */
const injectorService = {
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

function webhookConfiguration(release: string, namespace: string, caBundle: string) {
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
        timeoutSeconds: 3,
      },
    ],
  };
}

async function clusterCa(): Promise<string> {
  const { clusters } = load(await readFile(node.kubeconfig, 'utf8')) as {
    readonly clusters: readonly [{ readonly cluster: Record<string, string> }];
  };
  return Buffer.from(clusters[0].cluster['certificate-authority-data'] ?? '', 'base64').toString();
}

/** The ServiceAccount, the record's ConfigMap and exactly the rights that the chart gives. */
async function applyRelease(
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
    await pollUntil(async () => (await canPatch()) === verbs.includes('patch'), { everyMs: 100, timeoutMs: 10_000 }),
  ).toBe(true);
}
