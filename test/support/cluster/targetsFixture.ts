import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { kubectl } from '../../../scripts/cluster/kubectl.ts';
import { inNetns, nodeAddress } from '../../../scripts/cluster/machine.ts';
import { pauseImage } from '../../../scripts/cluster/nodeConfig.ts';
import { makeRandomness, makeMaterial, servingNames } from '../../../src/certificates/index.ts';
import { ownersAnnotation } from '../../../src/release/hooks/ownership.ts';
import { probePod } from '../../../src/ways/webhook/probe.ts';
import { kube, namespaceYaml } from './clusterFixture.ts';
import {
  applyRelease,
  clusterCa,
  injectorService,
  startInjector,
  webhookConfiguration,
  recordName,
  trialPodName,
  type Target,
} from './targetsRelease.ts';

const node = inject('node');
const program = 'src/cli/injector.ts';
const apiServer = `https://${nodeAddress}:6443`;

/** The keys that the chart uses unless told. */
export const label = 'packet-capture/injection';
export const annotation = 'packet-capture/inject';

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
  const { timeout = '2m', keys = { label, annotation } } = options;
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
      : ['--sidecar-config', options.config, '--trial-pod', trialPodName(release), '--deadline', '2m'];
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

export interface TargetsFixture {
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
export function targetsFixture(): TargetsFixture {
  // Unlike in any other run on a node that is kept: a namespace takes its time to vanish.
  const stamp = `targets-${process.env['VITEST_POOL_ID']}-${Date.now().toString(36)}`;
  const namespaces: string[] = [];
  const configurations: string[] = [];
  let caBundle = '';
  let folder = '';
  let injector: ChildProcess | undefined;

  const makeNamespace: TargetsFixture['makeNamespace'] = async (name, ...labels) => {
    const full = `${stamp}-${name}`;
    await kube(['create', '-f', '-'], namespaceYaml(full));
    namespaces.push(full);
    if (labels.length > 0) await kube(['label', 'namespace', full, ...labels]);
    return full;
  };
  const forget: TargetsFixture['forget'] = (namespace) => {
    namespaces.splice(namespaces.indexOf(namespace), 1);
  };
  const addWebhook: TargetsFixture['addWebhook'] = async (release) => {
    const configuration = webhookConfiguration(release, stamp, caBundle);
    configurations.push(configuration.metadata.name);
    await kube(['apply', '-f', '-'], JSON.stringify(configuration));
    const probe = JSON.stringify(probePod({ release, namespace: stamp, image: pauseImage }));
    const dryRun = ['create', '--dry-run=server', '-o', 'json', '-f', '-'];
    // The API server takes notice of it a moment later.
    await expect
      .poll(async () => (await kubectl(node, dryRun, { input: probe })).stdout)
      .toContain('"name": "packet-capture"');
  };
  const install: TargetsFixture['install'] = async (name, targets, webhook = true, verbs = ['get', 'patch']) => {
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
