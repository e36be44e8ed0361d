import type { Kubectl } from '../cluster/index.ts';
import { kubectlJson } from '../cluster/kubectl.ts';
import { endedText } from '../cluster/ended.ts';
import { objectName, type Metadata } from '../cluster/kubernetes.ts';
import { currentNamespace } from '../cluster/namespace.ts';
import { controllerOf } from '../cluster/owners.ts';
import { readPages } from '../cluster/pages.ts';
import { selectorText } from '../cluster/podProblems.ts';
import { createSlimmer } from '../cluster/slim.ts';
import { checkTarget } from '../cluster/target.ts';
import { codedError } from '../errors.ts';
import { carrierOf } from './carrier.ts';
import type { LivePod, SelectingObject } from './kubernetes.ts';

/** Which pods are meant: one of `name` and `selector`, or neither for all that are captured. */
export interface PodTarget {
  /** A pod's name, or TYPE/NAME as kubectl takes it: a workload, a Service, a pod. */
  readonly name?: string | undefined;
  /** A label selector as kubectl takes it. */
  readonly selector?: string | undefined;
  /** In all namespaces; not together with `name`. */
  readonly allNamespaces?: boolean | undefined;
  /** Where `selector` looks, and what has no name; by default where kubectl looks. */
  readonly namespace?: string | undefined;
}

interface TargetPods {
  readonly pods: readonly LivePod[];
  /** What was looked at, for messages. */
  readonly where: string;
  /** What has ended, so that there is nothing any more: one clause. */
  readonly ended?: string | undefined;
}

/** A name without a type is a pod's. @throws USAGE */
export function targetName(name: string): string {
  return checkTarget(name.includes('/') ? name : `pod/${name}`);
}

/** The living pods of a target. @throws USAGE, NOT_FOUND, KIND_UNSUPPORTED and as Kubectl */
export async function readTarget(
  kubectl: Kubectl,
  { name, selector, allNamespaces, namespace }: PodTarget,
): Promise<TargetPods> {
  if (name !== undefined) return readNamed(kubectl, targetName(name));
  const scope = allNamespaces === true ? undefined : (namespace ?? (await currentNamespace(kubectl)));
  const pods = await readPods(kubectl, scope, selector);
  const what = selector === undefined ? 'all pods' : `pods with ${selector}`;
  return { ...livingOf(pods), where: `${what} in ${allNamespaces === true ? 'all namespaces' : 'the namespace'}` };
}

async function readNamed(kubectl: Kubectl, target: string): Promise<TargetPods> {
  const object = await kubectlJson<SelectingObject>(kubectl, ['get', target]);
  const where = `${objectName(object)} in namespace ${object.metadata.namespace ?? 'default'}`;
  const ended = endedText(object);
  if (object.kind === 'Pod') return { pods: ended === undefined ? [object as object as LivePod] : [], where, ended };
  const pods = object.kind === 'CronJob' ? await podsOfCronJob(kubectl, object) : await podsOfSelector(kubectl, object, where);
  const { pods: living, ended: endedPods } = livingOf(pods);
  return { pods: living, where, ended: ended ?? endedPods };
}

async function podsOfSelector(kubectl: Kubectl, object: SelectingObject, where: string): Promise<readonly LivePod[]> {
  const selector = podSelector(object);
  if (selector === '') throw codedError('KIND_UNSUPPORTED', `a ${object.kind} (${object.apiVersion}) selects no pods`, { where });
  return readPods(kubectl, namespaceOf(object), selector);
}

/** A CronJob has no selector: its jobs are known by their owner, and their pods by theirs. */
async function podsOfCronJob(kubectl: Kubectl, object: SelectingObject): Promise<readonly LivePod[]> {
  const [jobs, pods] = await Promise.all([
    readPages(kubectl, { kind: 'jobs', namespace: namespaceOf(object) }, ({ metadata }) =>
      ownerName(metadata, 'CronJob') === object.metadata.name ? metadata.name : undefined),
    readPods(kubectl, namespaceOf(object)),
  ]);
  const names = new Set(jobs);
  return pods.filter(({ metadata }) => names.has(ownerName(metadata, 'Job') ?? ''));
}

function namespaceOf({ metadata }: SelectingObject): string {
  return metadata.namespace ?? 'default';
}

/** As kubectl's `-l` takes it; empty when the object selects none. */
export function podSelector({ kind, spec }: SelectingObject): string {
  const selector = spec?.selector ?? {};
  const plain = kind === 'Service' || kind === 'ReplicationController';
  return selectorText(plain ? { matchLabels: selector as Readonly<Record<string, string>> } : selector);
}

function ownerName(metadata: Metadata, kind: string): string | undefined {
  const owner = controllerOf(metadata);
  return owner?.kind === kind ? owner.name : undefined;
}

/** A pod that has ended can neither be asked nor told anything. */
function livingOf(pods: readonly LivePod[]): Pick<TargetPods, 'pods' | 'ended'> {
  const living = pods.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  if (living.length > 0 || pods.length === 0) return { pods: living };
  const [first] = pods;
  const text = pods.length === 1 && first !== undefined ? endedText({ ...first, kind: 'Pod' }) : `all ${pods.length} pods have ended; their files went with them`;
  return { pods: living, ended: text };
}

/** @param namespace undefined: all */
async function readPods(kubectl: Kubectl, namespace: string | undefined, labelSelector?: string): Promise<readonly LivePod[]> {
  const slim = createSlimmer();
  return readPages(kubectl, { kind: 'pods', namespace, labelSelector }, (object) => {
    const pod = object as object as LivePod;
    return carrierOf(pod) === undefined ? nameOf(pod) : slim<LivePod>(object);
  });
}

/** Of a pod without the sidecar, what is read here: a large cluster has many more of them than of others. */
function nameOf({ metadata: { name, namespace, ownerReferences }, status }: LivePod): LivePod {
  return {
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...(ownerReferences === undefined ? {} : { ownerReferences }) },
    ...(status?.phase === undefined ? {} : { status: { phase: status.phase } }),
  };
}
