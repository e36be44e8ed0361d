import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { kubectl, runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { pauseImage } from '../../../scripts/cluster/nodeConfig.ts';
import { pollUntil } from '../../../scripts/cluster/poll.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../scripts/cluster/tools.ts';
import { ensureAgentImage, ensureInjectorImage } from '../../../scripts/images/images.ts';
import { localRegistry } from '../../../scripts/images/names.ts';
import { kube, yamlDocument } from './clusterFixture.ts';

const node = inject('node');

export type HelmMajor = 3 | 4;

/** The chart as it is committed. */
export const chart = join(import.meta.dirname, '../../../chart');

/** Gives the node what a release of the chart runs and injects. */
export async function loadReleaseImages(): Promise<void> {
  await loadImage(node, await ensureAgentImage(stderrProgress), stderrProgress);
  await loadImage(node, await ensureInjectorImage(stderrProgress), stderrProgress);
}

/**
 * The registry of {@link loadReleaseImages}. And a review may take long on a busy machine: the API server would create
 * the pod without the sidecar.
 */
export const releaseValues = `global.imageRegistry=${localRegistry},webhook.timeoutSeconds=30`;

/** The same words, with {@link releaseValues} where a release gets its values; later words win. */
function withValues(args: readonly string[]): readonly string[] {
  const [verb = '', ...rest] = args;
  return ['install', 'upgrade', 'template'].includes(verb) ? [verb, '--set', releaseValues, ...rest] : args;
}

/** The real helm, on the node; its standard output. Fails the test when helm fails. */
export async function helm(major: HelmMajor, args: readonly string[]): Promise<string> {
  const program = await ensureHelm(major, stderrProgress);
  const { exitCode, stdout, stderr } = await runInNetns(node, [program, ...withValues(args)]);
  expect(exitCode, `helm ${args.join(' ')}\n${stderr}`).toBe(0);
  return stdout;
}

/** A command of ours that drives helm, whatever its exit code. */
export async function installer(
  major: HelmMajor,
  args: readonly string[],
  input?: string,
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const env = { HELM: await ensureHelm(major, stderrProgress) };
  // An upgrade keeps the values of the release.
  const words = args[0] === 'install' || args.includes('--reset-values') ? withValues(args) : args;
  return runInNetns(node, [process.execPath, 'bin/packet-capture.js', ...words], {
    env,
    ...(input === undefined ? {} : { input }),
  });
}

/** The same; its standard output. Fails the test when the command fails. */
export async function installed(major: HelmMajor, args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await installer(major, args);
  expect(exitCode, `packet-capture ${args.join(' ')}\n${stderr}`).toBe(0);
  return stdout;
}

/** A namespace with a Deployment `web` of one pod that does nothing. */
export function siteYaml(namespace: string): string {
  const app = { app: 'web' };
  const container = { name: 'app', image: pauseImage, imagePullPolicy: 'Never' };
  const spec = { terminationGracePeriodSeconds: 1, containers: [container] };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace },
      spec: { selector: { matchLabels: app }, template: { metadata: { labels: app }, spec } },
    },
  ]
    .map(yamlDocument)
    .join('');
}

/**
 * What of a site a release may change: labels and annotations of the namespace, the Deployment and its pod template.
 */
export async function siteState(namespace: string): Promise<unknown> {
  const { labels, annotations } = JSON.parse(
    await kube(['get', 'namespace', namespace, '-o', 'jsonpath={.metadata}']),
  ) as Metadata;
  const web = JSON.parse(await kube(['get', 'deploy', 'web', '-n', namespace, '-o', 'json'])) as {
    readonly metadata: Metadata;
    readonly spec: { readonly template: unknown };
  };
  const { 'deployment.kubernetes.io/revision': _revision, ...own } = web.metadata.annotations ?? {};
  return {
    namespace: { labels, annotations },
    web: { labels: web.metadata.labels, annotations: own, template: web.spec.template },
  };
}

interface Metadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Waits until the Deployment `web` runs as it is written, and says which containers its pod has. */
export async function runningContainers(namespace: string): Promise<readonly string[]> {
  await kube(['rollout', 'status', '-n', namespace, 'deploy/web', '--timeout=240s']);
  const { items } = JSON.parse(await kube(['get', 'pods', '-n', namespace, '-l', 'app=web', '-o', 'json'])) as {
    readonly items: readonly RunningPod[];
  };
  const living = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  expect(living).toHaveLength(1);
  return living.flatMap(({ spec }) => [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name));
}

interface RunningPod {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly spec: {
    readonly initContainers?: readonly { readonly name: string }[];
    readonly containers: readonly { readonly name: string }[];
  };
}

const namespacedKinds =
  'deploy,rs,pods,jobs,services,configmaps,secrets,serviceaccounts,roles,rolebindings,poddisruptionbudgets,networkpolicies,horizontalpodautoscalers';

/** What a release has left: objects in its namespace and in those of its targets, and webhook configurations. */
export async function leftovers(
  release: string,
  namespace: string,
  sites: readonly string[],
): Promise<readonly string[]> {
  let left: readonly string[] = [];
  // What is deleted goes by the garbage collector's clock, not by helm's.
  await pollUntil(async () => (left = await leftNow(release, namespace, sites)).length === 0, {
    everyMs: 500,
    timeoutMs: 60_000,
  });
  return left;
}

async function leftNow(release: string, namespace: string, sites: readonly string[]): Promise<readonly string[]> {
  await kubectl(node, ['wait', '-n', namespace, 'pods', '--all', '--for=delete', '--timeout=60s']);
  const own = await names(['get', namespacedKinds, '-n', namespace, '-o', 'name']);
  const given = ['configmap/kube-root-ca.crt', 'serviceaccount/default'];
  const elsewhere = await Promise.all(
    sites.map(async (site) =>
      names([
        'get',
        'roles,rolebindings,configmaps,secrets',
        '-n',
        site,
        '-l',
        `app.kubernetes.io/instance=${release}`,
        '-o',
        'name',
      ]),
    ),
  );
  return [
    ...own.filter((name) => !given.includes(name)),
    ...elsewhere.flat(),
    ...(await clusterWide(release, namespace)),
  ];
}

/** Releases of the same name in other namespaces have theirs. */
async function clusterWide(release: string, namespace: string): Promise<readonly string[]> {
  const kinds = 'mutatingwebhookconfigurations,clusterroles,clusterrolebindings';
  const { items } = JSON.parse(
    await kube(['get', kinds, '-l', `app.kubernetes.io/instance=${release}`, '-o', 'json']),
  ) as {
    readonly items: readonly { readonly metadata: Metadata & { readonly name: string } }[];
  };
  const own = items.filter(({ metadata }) => metadata.annotations?.['meta.helm.sh/release-namespace'] === namespace);
  return own.map(({ metadata }) => metadata.name);
}

async function names(args: readonly string[]): Promise<string[]> {
  return (await kube(args)).split('\n').filter((line) => line !== '');
}

/** The serving certificate and the CA bundle that a release has in the cluster. */
export async function certificatesOf(
  fullname: string,
  namespace: string,
): Promise<{ readonly certificate: string; readonly caBundles: string }> {
  const certificate = await kube([
    'get',
    'secret',
    `${fullname}-certs`,
    '-n',
    namespace,
    '-o',
    String.raw`jsonpath={.data.tls\.crt}`,
  ]);
  const caBundles = await kube([
    'get',
    'mutatingwebhookconfiguration',
    `${fullname}.${namespace}`,
    '-o',
    'jsonpath={.webhooks[*].clientConfig.caBundle}',
  ]);
  return { certificate, caBundles };
}

/** An injector that ends within a second: these tests are not about its drain. */
export const quickEnd: readonly string[] = ['--set', 'extraArgs[0]=--drain=1s'];

/** A label of the test's own: in namespaces that have it no other test's release injects. */
export function labelFlags(label: string): readonly string[] {
  return ['--set', `injection.namespaceLabel=${label}/injection`];
}

/** `--set` flags that name the Deployment `web` of these namespaces as targets. */
export function targetFlags(sites: readonly string[]): string[] {
  return sites.flatMap((site, index) => [
    '--set',
    `targets[${index}].namespace=${site},targets[${index}].deployments[0]=web`,
  ]);
}
