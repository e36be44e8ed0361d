import { setTimeout as sleep } from 'node:timers/promises';
import jsonPatch, { type Operation } from 'fast-json-patch';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { kubectl } from '../../../scripts/cluster/kubectl.ts';
import {
  additionPatch,
  planInjection,
  type Addition,
  type InjectPlan,
  type PodSecurityLevel,
} from '../../../src/inject/index.ts';
import type { PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { policyObjects, type PolicyOptions } from '../../../src/ways/policy/index.ts';
import { patienceMs } from '../patience.ts';
import { kube } from './clusterFixture.ts';

const node = inject('node');

/** A pod as the API server would store it; undefined when it refuses it. */
export type Admitted = PodTemplate | undefined;

/** Namespaces with labels, and objects of a policy, for the length of a test file. */
export function policyFixture(
  namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>,
  objects: readonly object[],
): void {
  const clusterWide = objects.filter((object) => !('data' in object));
  beforeAll(async () => {
    const made = Object.entries(namespaces).map(([name, labels]) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels },
    }));
    await kube(['apply', '-f', '-'], listOf([...made, ...objects]));
    await Promise.all(Object.keys(namespaces).map(async (name) => accountOf(name)));
  });
  afterAll(async () => {
    await kube(['delete', '--ignore-not-found', '-f', '-'], listOf(clusterWide));
    await kube(['delete', 'namespace', '--wait=false', '--ignore-not-found', ...Object.keys(namespaces)]);
  });
}

/** Without it no pod can be made there. */
export async function accountOf(namespace: string): Promise<void> {
  await kube(['wait', '-n', namespace, '--for=create', 'serviceaccount/default', '--timeout=240s']);
}

export function listOf(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

/** The objects of a policy that refuses pods when an expression fails, so that no mistake is silent. */
export function strict(
  options: Pick<PolicyOptions, 'config' | 'name' | 'namespace' | 'namespaceLabel' | 'annotation'> &
    Partial<PolicyOptions>,
): readonly object[] {
  return policyObjects({ optOut: false, failurePolicy: 'Fail', ...options });
}

/** What the API server would store of pods, by a dry run, in their order; in one namespace, or each in its own. */
export async function admitted(
  namespace: string | readonly string[],
  pods: readonly PodTemplate[],
): Promise<{ readonly pods: readonly Admitted[]; readonly errors: string }> {
  const items = pods.map((pod, index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    ...pod,
    metadata: {
      ...pod.metadata,
      name: `pod-${index}`,
      namespace: typeof namespace === 'string' ? namespace : namespace[index],
    },
  }));
  const create = async (): Promise<{ readonly stdout: string; readonly stderr: string }> =>
    kubectl(node, ['create', '--dry-run=server', '-o', 'json', '-f', '-'], { input: listOf(items) });
  let { stdout, stderr } = await create();
  // The API server asks itself for a policy's parameters the first time, and on a busy machine not soon enough. Nothing
  // is stored.
  for (let again = 0; again < 10 && stderr.includes('context deadline exceeded'); again += 1)
    ({ stdout, stderr } = await create());
  const stored = new Map(
    stdout
      .split(/^(?=\{$)/m)
      .filter((text) => text.trim() !== '')
      .map((text) => JSON.parse(text) as PodTemplate)
      .map((pod) => [pod.metadata?.name, comparable(pod)]),
  );
  const errors = stderr
    .split('\n')
    .filter((line) => !line.startsWith('Warning: '))
    .join('\n');
  return { pods: items.map(({ metadata }) => stored.get(metadata.name)), errors };
}

/** Without what differs from one creation to the next. */
function comparable({ metadata, spec }: PodTemplate): PodTemplate {
  const text = JSON.stringify({ metadata: { annotations: metadata?.annotations, labels: metadata?.labels }, spec });
  return JSON.parse(text.replaceAll(/kube-api-access-\w{5}/g, 'kube-api-access-x')) as PodTemplate;
}

/** A pod as a patch at admission sees it: what the API server derives from its containers comes later. */
export function atAdmission(stored: Admitted, given: PodTemplate | undefined): PodTemplate {
  if (stored === undefined) throw new Error(`the API server refuses the pod as it is: ${JSON.stringify(given)}`);
  const { resources: _derived, ...spec } = stored.spec ?? {};
  const own = given?.spec?.resources;
  return { ...stored, spec: { ...spec, ...(own === undefined ? {} : { resources: own }) } };
}

/** What is to become of a pod. */
export function planFor(pod: PodTemplate, options: Planned): InjectPlan {
  const annotations = pod.metadata?.annotations ?? {};
  const asked = annotations[options.annotation];
  if (asked === 'false') return { inject: false, reason: 'opted_out' };
  const plan = planInjection(pod, { ...options, settings: {}, atAdmission: true });
  // Without a reason of its own: it did not ask.
  return plan.inject && asked !== 'true' && !options.optOut ? { inject: false, reason: 'not_injected' } : plan;
}

export interface Planned extends Pick<PolicyOptions, 'config' | 'annotation' | 'optOut'> {
  readonly namespace: string;
  readonly podSecurity: PodSecurityLevel;
}

/** The pod with all that is to be added. */
export function withAddition(pod: PodTemplate, addition: Addition): PodTemplate {
  const patch = additionPatch(pod, addition, []);
  return jsonPatch.applyPatch(structuredClone(pod), structuredClone(patch) as Operation[], true).newDocument;
}

/** Waits until the API server has taken notice of a policy: until a pod of a namespace gets an init container. */
export async function inForce(namespace: string, pod: PodTemplate): Promise<void> {
  await whenInjected(namespace, pod, true);
}

/** Waits until the API server has taken notice that a policy is gone. */
export async function outOfForce(namespace: string, pod: PodTemplate): Promise<void> {
  await whenInjected(namespace, pod, false);
}

async function whenInjected(namespace: string, pod: PodTemplate, wanted: boolean): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const { pods, errors } = await admitted(namespace, [pod]);
    if (pods[0] !== undefined && (pods[0].spec?.initContainers !== undefined) === wanted) return;
    expect(performance.now(), `${wanted ? 'no policy' : 'a policy still'} in ${namespace}: ${errors}`).toBeLessThan(
      deadline,
    );
    await sleep(100);
  }
}

/** An object of a policy, as far as tests change it. */
export interface TroubledObject {
  readonly kind: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: { readonly policyName?: string };
}

/** The pods with these annotations under their own. */
export function withAnnotations(
  pods: readonly PodTemplate[],
  annotations: Readonly<Record<string, string>>,
): PodTemplate[] {
  return pods.map((pod) => ({
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...annotations, ...pod.metadata?.annotations } },
  }));
}
