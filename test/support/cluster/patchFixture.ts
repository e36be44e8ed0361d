import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { clusterEnvironment } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import { pauseImage } from '../../../scripts/cluster/nodeConfig.ts';
import { makeKubectl, type Kubectl } from '../../../src/kubernetes/kubectl.ts';
import {
  defaultAgent,
  defaultSidecarConfig,
  type CustomSidecarConfig,
  type SidecarConfig,
} from '../../../src/sidecar/index.ts';
import type { AddSidecarOptions } from '../../../src/ways/patch/addSidecar.ts';
import { agentImage, kube, loadImages, namespaceYaml } from './clusterFixture.ts';

/** Our own sidecar, with the image that the node has. */
const agentConfig = agentConfigOf(agentImage);

export function agentConfigOf(image: string, imagePullPolicy = defaultAgent.imagePullPolicy): SidecarConfig {
  return { ...defaultSidecarConfig, agent: { ...defaultAgent, image, imagePullPolicy } };
}

/** The article's sidecar: a container that just is there. */
export function monitorConfig(image: string = pauseImage): CustomSidecarConfig {
  const monitor = { name: 'monitor', image, imagePullPolicy: 'Never', stdin: true, tty: true };
  return { form: 'custom', containers: [monitor], initContainers: [], volumes: [] };
}

/**
 * Writes a kubectl for the environment variable KUBECTL: it enters the node's network namespace, from where alone the
 * API server can be reached.
 */
async function writeKubectl(folder: string): Promise<void> {
  const node = inject('node');
  const { KUBECTL: kubectl = '', KUBECONFIG: kubeconfig = '' } = await clusterEnvironment(node);
  const program = join(folder, 'kubectl');
  const enter = inNetns(node.netns, ['env', `KUBECONFIG=${kubeconfig}`, kubectl]).join(' ');
  await writeFile(program, `#!/bin/sh\nexec ${enter} "$@"\n`);
  await chmod(program, 0o755);
}

type Changed = Partial<AddSidecarOptions> & { readonly namespace?: string };
type Around = (args: readonly string[]) => Promise<void>;

export interface PatchFixture {
  /** A folder for files of the tests, with the kubectl that reaches the node; there from the first test to the last. */
  readonly folder: () => string;
  /** A namespace without a Pod Security level. */
  readonly shop: string;
  /** A namespace that enforces this level. */
  readonly enforcing: (level: 'baseline' | 'restricted') => string;
  /** A fixture in `shop`, or in another namespace; `around` may do things before each kubectl. */
  readonly at: (target: string, changed?: Changed, around?: Around) => Fixture;
}

/** Images, and namespaces that are made before the tests of a file and deleted after them. */
export function patchFixture(): PatchFixture {
  let folder = '';
  // Unlike in any other run on a node that is kept: a namespace takes its time to vanish.
  const shop = `patch-${process.env['VITEST_POOL_ID']}-${Date.now().toString(36)}`;
  const levels = ['baseline', 'restricted'] as const;
  const enforcing = (level: string): string => `${shop}-${level}`;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'packet-capture-patch-'));
    await writeKubectl(folder);
    await loadImages();
    const namespaces = [namespaceYaml(shop), ...levels.map((level) => namespaceYaml(enforcing(level), level))];
    await kube(['create', '-f', '-'], namespaces.join('---\n'));
  });
  afterAll(async () => {
    await kube(['delete', 'namespace', shop, ...levels.map(enforcing), '--wait=false']);
    await rm(folder, { recursive: true });
  });
  const at: PatchFixture['at'] = (target, changed = {}, around) =>
    fixture(join(folder, 'kubectl'), changed.namespace ?? shop, target, changed, around);
  return { folder: () => folder, shop, enforcing, at };
}

export interface Fixture {
  readonly options: AddSidecarOptions;
  /** What was reported so far. */
  readonly lines: string[];
  /** The arguments of every kubectl so far. */
  readonly calls: string[][];
}

/** Options for `addSidecar` and `removeSidecar` that note down what happens. */
function fixture(
  program: string,
  namespace: string,
  target: string,
  changed: Partial<AddSidecarOptions>,
  around: Around = async () => undefined,
): Fixture {
  const lines: string[] = [];
  const calls: string[][] = [];
  const real = makeKubectl({ program, namespace, signal: changed.signal });
  const kubectl: Kubectl = async (args, call) => {
    calls.push([...args]);
    await around(args);
    return real(args, call);
  };
  const options: AddSidecarOptions = {
    target,
    kubectl,
    config: agentConfig,
    settings: {},
    dryRun: false,
    wait: false,
    timeoutSeconds: 120,
    report: (line) => lines.push(line),
    ...changed,
  };
  return { options, lines, calls };
}

/** True for the call that stores the change. */
export function isSend(args: readonly string[]): boolean {
  return args[0] === 'patch' && args.includes('--dry-run=none');
}

export interface Stored {
  readonly metadata: {
    readonly generation: number;
    readonly resourceVersion: string;
    readonly uid: string;
    readonly managedFields?: readonly { readonly manager: string }[];
  };
  readonly spec: {
    readonly replicas?: number;
    readonly template: PodTemplateOfTests;
    readonly jobTemplate: { readonly spec: { readonly template: PodTemplateOfTests } };
  };
}

export interface PodTemplateOfTests {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly NamedContainer[];
    readonly initContainers?: readonly NamedContainer[];
    readonly volumes?: readonly { readonly name: string }[];
  };
}

export interface NamedContainer {
  readonly name: string;
  readonly image: string;
  readonly restartPolicy?: string;
  readonly securityContext?: { readonly capabilities?: unknown };
}

/** An object as the API server has it. */
export async function stored(namespace: string, target: string): Promise<Stored> {
  return JSON.parse(await kube(['get', target, '-n', namespace, '-o', 'json', '--show-managed-fields'])) as Stored;
}

/** A pod template whose pods start in a moment and end at once. */
export function podTemplate(app: string, more: object = {}): object {
  return {
    metadata: { labels: { app } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'app', image: pauseImage, imagePullPolicy: 'Never', ...more }],
    },
  };
}

/** A workload of a kind of the group apps; its pods are told by the label `app`, which is its name. */
export function workload(kind: string, name: string, spec: object = {}, metadata: object = {}): object {
  const scaled = kind === 'DaemonSet' ? {} : { replicas: 1 };
  const named = kind === 'StatefulSet' ? { serviceName: name } : {};
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, ...metadata },
    spec: { ...scaled, ...named, selector: { matchLabels: { app: name } }, template: podTemplate(name), ...spec },
  };
}

export async function create(namespace: string, ...objects: readonly object[]): Promise<void> {
  await kube(
    ['create', '-n', namespace, '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  );
}

/** Waits until the pods of a workload are ready. */
export async function rolledOut(namespace: string, target: string): Promise<void> {
  await kube(['rollout', 'status', target, '-n', namespace, '--timeout=240s']);
}
