import type { Kubectl } from '../cluster/index.ts';
import { kubectlJson } from '../cluster/kubectl.ts';
import { objectName, type List, type Metadata } from '../cluster/kubernetes.ts';
import { controllerOf } from '../cluster/owners.ts';
import { selectorText } from '../cluster/podProblems.ts';
import { checkTarget } from '../cluster/target.ts';
import { codedError } from '../errors.ts';
import type { SettingValues } from '../settings/index.ts';
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
}

/** A pod with the sidecar. */
export interface CapturedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The container of the agent, for `kubectl exec`. */
  readonly container: string;
  readonly phase: string;
  /** Undefined while it has none. */
  readonly node: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  /** Settings that hold where there is no annotation. */
  readonly defaults: SettingValues;
  /** What its volume for files may hold; undefined when nothing says so. */
  readonly volumeBytes: number | undefined;
  /** The agent's container runs: it can be asked. */
  readonly ready: boolean;
  /** It is being deleted. */
  readonly deleting: boolean;
}

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

export interface FoundPods {
  /** By namespace and name. */
  readonly captured: readonly CapturedPod[];
  /** Pods of the target that do not carry the sidecar; empty when all pods of a namespace, or of all, were meant. */
  readonly without: readonly PodName[];
  /** What was looked at, for messages: `deployment/web in namespace shop`. */
  readonly where: string;
}

/**
 * Reads the living pods of a target. There may be none.
 * @throws USAGE, NOT_FOUND, KIND_UNSUPPORTED and as Kubectl
 */
export async function findPods(kubectl: Kubectl, target: PodTarget): Promise<FoundPods> {
  checkPodTarget(target);
  const { pods, where } = await readTarget(kubectl, target);
  const named = target.name !== undefined || target.selector !== undefined;
  const sorted = pods.toSorted((a, b) => byName(podName(a), podName(b)));
  const captured = sorted.flatMap((pod) => capturedPod(pod) ?? []);
  const without = named ? sorted.filter((pod) => carrierOf(pod) === undefined).map(podName) : [];
  return { captured, without, where };
}

/** @throws USAGE for what excludes each other, or cannot be a name */
export function checkPodTarget({ name, selector, allNamespaces }: PodTarget): void {
  if (name !== undefined && selector !== undefined) throw codedError('USAGE', 'a name and -l exclude each other');
  if (name !== undefined && allNamespaces === true) throw codedError('USAGE', 'a name and -A exclude each other');
  if (selector !== undefined && selector.trim() === '') throw codedError('USAGE', 'the selector is empty', { where: '-l' });
  if (name !== undefined) targetName(name);
}

/** The pod as {@link findPods} gives it; undefined when it does not carry the sidecar. Pure. */
export function capturedPod(pod: LivePod): CapturedPod | undefined {
  const carrier = carrierOf(pod);
  if (carrier === undefined) return undefined;
  const { metadata, spec, status } = pod;
  const node = spec?.['nodeName'];
  return {
    ...podName(pod),
    uid: metadata.uid ?? '',
    container: carrier.container,
    phase: status?.phase ?? 'Unknown',
    node: typeof node === 'string' ? node : undefined,
    annotations: metadata.annotations ?? {},
    defaults: carrier.defaults,
    volumeBytes: carrier.volumeBytes,
    ready: carrier.running,
    deleting: metadata.deletionTimestamp !== undefined,
  };
}

function podName({ metadata: { namespace = 'default', name } }: LivePod): PodName {
  return { namespace, name };
}

function byName(a: PodName, b: PodName): number {
  return a.namespace === b.namespace ? a.name.localeCompare(b.name, 'en', { numeric: true }) : a.namespace.localeCompare(b.namespace);
}

function targetName(name: string): string {
  return checkTarget(name.includes('/') ? name : `pod/${name}`);
}

async function readTarget(
  kubectl: Kubectl,
  { name, selector, allNamespaces }: PodTarget,
): Promise<{ readonly pods: readonly LivePod[]; readonly where: string }> {
  if (name !== undefined) return readNamed(kubectl, targetName(name));
  const scope = allNamespaces === true ? ['--all-namespaces'] : [];
  const pods = await readPods(kubectl, [...scope, ...(selector === undefined ? [] : ['--selector', selector])]);
  const what = selector === undefined ? 'all pods' : `pods with ${selector}`;
  return { pods: pods.filter(isLiving), where: `${what} in ${allNamespaces === true ? 'all namespaces' : 'the namespace'}` };
}

async function readNamed(kubectl: Kubectl, target: string): Promise<{ readonly pods: readonly LivePod[]; readonly where: string }> {
  const object = await kubectlJson<SelectingObject>(kubectl, ['get', target]);
  const where = `${objectName(object)} in namespace ${object.metadata.namespace ?? 'default'}`;
  if (object.kind === 'Pod') return { pods: [object as object as LivePod], where };
  const pods = object.kind === 'CronJob' ? await podsOfCronJob(kubectl, object) : await podsOfSelector(kubectl, object, where);
  return { pods: pods.filter(isLiving), where };
}

async function podsOfSelector(kubectl: Kubectl, object: SelectingObject, where: string): Promise<readonly LivePod[]> {
  const selector = podSelector(object);
  if (selector === '') throw codedError('KIND_UNSUPPORTED', `a ${object.kind} (${object.apiVersion}) selects no pods`, { where });
  return readPods(kubectl, [...within(object), '--selector', selector]);
}

/** A CronJob has no selector: its jobs are known by their owner, and their pods by theirs. */
async function podsOfCronJob(kubectl: Kubectl, object: SelectingObject): Promise<readonly LivePod[]> {
  const [jobs, pods] = await Promise.all([
    kubectlJson<List<SelectingObject>>(kubectl, ['get', 'jobs.batch', ...within(object)]),
    readPods(kubectl, within(object)),
  ]);
  const names = new Set(jobs.items.filter(({ metadata }) => ownerName(metadata, 'CronJob') === object.metadata.name).map(({ metadata }) => metadata.name));
  return pods.filter(({ metadata }) => names.has(ownerName(metadata, 'Job') ?? ''));
}

function within({ metadata }: SelectingObject): string[] {
  return ['--namespace', metadata.namespace ?? 'default'];
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
function isLiving({ status }: LivePod): boolean {
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

async function readPods(kubectl: Kubectl, args: readonly string[]): Promise<readonly LivePod[]> {
  return (await kubectlJson<List<LivePod>>(kubectl, ['get', 'pods', ...args])).items;
}
