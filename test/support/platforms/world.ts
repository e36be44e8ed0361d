import { readFile } from 'node:fs/promises';
import { dump, load, loadAll } from 'js-yaml';
import { expect, inject } from 'vitest';
import { capture } from '../../../scripts/cluster/command.ts';
import { kubectl } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import { pauseImage } from '../../../scripts/cluster/nodeConfig.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../scripts/cluster/tools.ts';
import { agentImage } from '../../../scripts/images/names.ts';
import { issueMaterial } from '../../../src/certificates/index.ts';
import type { ChartOverrides } from '../../../src/chart/index.ts';
import type { PodSecurityLevel } from '../../../src/inject/index.ts';
import type { PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { readSidecarConfig } from '../../../src/sidecar/index.ts';
import { injectManifest } from '../../../src/ways/manifest/index.ts';
import { yamlValue } from '../../../src/ways/manifest/yamlValue.ts';
import { policyObjects } from '../../../src/ways/policy/index.ts';
import { webhookPaths } from '../../../src/ways/webhook/names.ts';
import { chart, parseObjects, podTemplates, withRegistry, type KubernetesObject } from '../chart/helm.ts';
import { makeMounts, startInjector } from '../webhook/injector.ts';

const node = inject('node');

/** What stands in docs/openshift.md: the values, and the objects that a platform team creates. */
export interface OpenShiftDocument {
  readonly values: ChartOverrides;
  readonly objects: readonly KubernetesObject[];
}

/** Reads both from the document, so that what is tested is what is written there. */
export async function openShiftDocument(): Promise<OpenShiftDocument> {
  const text = await readFile(new URL('../../../docs/openshift.md', import.meta.url), 'utf8');
  const [values = '', objects = ''] = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, yaml = '']) => yaml);
  return { values: load(values) as ChartOverrides, objects: loadAll(objects) as KubernetesObject[] };
}

/** The objects of the chart with hooks and test, as helm renders them. */
export async function chartObjects(namespace: string, values: ChartOverrides): Promise<readonly KubernetesObject[]> {
  const program = await ensureHelm(4, stderrProgress);
  const flags = ['--namespace', namespace, '--kube-version', '1.37.0', '--values', '-'];
  const targets = [{ namespace: 'shop', deployments: ['web'] }];
  const input = JSON.stringify(withRegistry({ targets, ...values }));
  const { exitCode, stdout, stderr } = await capture([program, 'template', 'packet-capture', chart, ...flags], {
    input,
  });
  expect(exitCode, stderr).toBe(0);
  return parseObjects(stdout);
}

/** The pods of the chart, each by itself, without a namespace: no service account but `default` is there. */
export async function chartPods(values: ChartOverrides): Promise<readonly object[]> {
  const key = JSON.stringify(values);
  const pods = rendered.get(key) ?? renderPods(values);
  rendered.set(key, pods);
  return pods;
}

const rendered = new Map<string, Promise<readonly object[]>>();

async function renderPods(values: ChartOverrides): Promise<readonly object[]> {
  const templates = podTemplates(await chartObjects('release', values));
  expect(templates).toHaveLength(5);
  return templates.map(({ metadata, spec }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { labels: metadata.labels },
    spec: { ...spec, serviceAccountName: 'default' },
  }));
}

/** The sidecar's configuration of a release with these values, as the chart writes it. */
export async function sidecarConfigOf(values: ChartOverrides): Promise<string> {
  const [registry = '', ...rest] = agentImage.split('/');
  const [repository = '', tag = ''] = rest.join('/').split(':');
  const image = { registry, repository, tag };
  const objects = await chartObjects('release', { ...values, agent: { ...values.agent, image } });
  const found = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-config'));
  return found?.['data']['sidecarconfig.yaml'] as string;
}

/** A pod of an app, which no scheduler takes. */
export function appPod(namespace: string, name: string, metadata: PodTemplate['metadata'] = {}): object {
  const container = { name: 'app', image: pauseImage, imagePullPolicy: 'Never' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name, namespace },
    spec: { schedulerName: 'nobody', containers: [container] },
  };
}

/** A Deployment of such pods, scaled to 0. */
export function appDeployment(namespace: string, labels: Readonly<Record<string, string>>): object {
  const { spec } = appPod(namespace, 'web') as { readonly spec: object };
  const selector = { app: 'web' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace },
    spec: {
      replicas: 0,
      selector: { matchLabels: selector },
      template: { metadata: { labels: { ...labels, ...selector } }, spec },
    },
  };
}

/** The API server's answer to a dry run of each pod, by one call: `injected`, `admitted`, or who refuses it. */
export async function answersTo(pods: readonly object[]): Promise<string[]> {
  const named = pods.map((pod, index) => {
    const { metadata } = pod as { readonly metadata: object };
    return { ...pod, metadata: { ...metadata, name: `pod-${index}` } };
  });
  const input = listOf(named);
  const args = ['create', '--dry-run=server', '-o', 'json', '-f', '-'];
  const { stdout, stderr } = await kubectl(node, args, { input });
  const stored = stdout
    .split(/^(?=\{$)/m)
    .filter((text) => text.trim() !== '')
    .map((text) => JSON.parse(text) as PodTemplate);
  return named.map(({ metadata }) => {
    const found = stored.find((pod) => pod.metadata?.name === metadata.name);
    if (found === undefined) {
      const line = stderr.split('\n').find((text) => text.includes(`"${metadata.name}"`));
      return `refused: ${refusedBy(line ?? stderr)}`;
    }
    const injected = (found.spec?.initContainers ?? []).some(({ name }) => name === 'packet-capture');
    return injected ? 'injected' : 'admitted';
  });
}

/** The same of one pod. */
export async function answerTo(pod: object): Promise<string> {
  return (await answersTo([pod]))[0] ?? '';
}

/** The answer to all of them: `admitted`, or who refuses some. */
export async function answerToAll(pods: readonly object[]): Promise<string> {
  const refused = (await answersTo(pods)).filter((answer) => answer !== 'admitted');
  return refused.length === 0 ? 'admitted' : [...new Set(refused)].join(', ');
}

/** The demand in the API server's message; the whole message, if it is another refusal. */
export function refusedBy(text: string): string {
  return /refused by ([^\n"]*)/.exec(text)?.[1] ?? text.trim();
}

/** A way at admission: its annotation makes it act, in namespaces with its label. */
export interface AdmissionWay {
  readonly label: string;
  readonly annotation: string;
  readonly objects: readonly object[];
}

/**
 * Starts the injector next to the API server, with a configuration.
 * @param name part of the names of its objects, label and annotation
 */
export async function webhookWay(name: string, sidecarConfig: string): Promise<AdmissionWay> {
  const [label, annotation] = [`${name}/webhook`, `${name}/by-webhook`];
  const material = await issueMaterial({ dnsNames: ['localhost'], now: new Date() });
  const mounts = await makeMounts(material, sidecarConfig);
  const { port } = await startInjector(mounts, ['--annotation', annotation], undefined, inNetns(node.netns, []));
  const webhook = {
    name: 'injector.platforms.test',
    clientConfig: {
      url: `https://localhost:${port}${webhookPaths.privileged}`,
      caBundle: Buffer.from(material.caBundle).toString('base64'),
    },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    namespaceSelector: { matchLabels: { [label]: 'enabled' } },
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    timeoutSeconds: 30,
  };
  const objects = [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: `${name}-webhook` },
      webhooks: [webhook],
    },
  ];
  return { label, annotation, objects };
}

/**
 * An admission policy with a configuration.
 * @param namespace where its parameters are
 */
export function policyWay(name: string, namespace: string, sidecarConfig: string): AdmissionWay {
  const [label, annotation] = [`${name}/policy`, `${name}/by-policy`];
  const config = readSidecarConfig(yamlValue(sidecarConfig, 'sidecarconfig.yaml'), 'sidecarconfig.yaml');
  const options = { config, name, namespace, namespaceLabel: label, annotation, optOut: false } as const;
  return { label, annotation, objects: policyObjects({ ...options, failurePolicy: 'Fail' }) };
}

/** A List, for kubectl. */
export function listOf(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

/** What way 1 makes of a pod, with a configuration; and why it leaves the pod alone, if it does. */
export function manifestWay(
  pod: object,
  sidecarConfig: string,
  podSecurity?: PodSecurityLevel,
): { readonly pod: object; readonly reason?: string | undefined } {
  const config = readSidecarConfig(yamlValue(sidecarConfig, 'sidecarconfig.yaml'), 'sidecarconfig.yaml');
  const { text, reports } = injectManifest(dump(pod), { config, settings: {}, file: 'pod.yaml', podSecurity });
  return { pod: load(text) as object, reason: reports[0]?.reason };
}
