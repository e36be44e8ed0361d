import { codedError } from '../errors.ts';
import { selectorOf, selectorText } from '../kubernetes/api/labels.ts';
import { hasEnded } from '../kubernetes/api/pods.ts';
import { objectName, type Metadata, type Pod, type SelectingObject } from '../kubernetes/api/types.ts';
import { endedText } from '../kubernetes/ended.ts';
import { type Kubectl, kubectlJson } from '../kubernetes/kubectl.ts';
import { currentNamespace } from '../kubernetes/namespace.ts';
import { controllerOf, managedByAnother } from '../kubernetes/owners.ts';
import { readPages } from '../kubernetes/pages.ts';
import { createSlimmer } from '../kubernetes/slim.ts';
import { checkTarget } from '../kubernetes/target.ts';
import { carrierOf, hadAgent } from './carrier.ts';

/** The pods of a command: by `name` or by `selector`; without both, all captured pods. */
export interface PodTarget {
  /** A pod's name, or TYPE/NAME as kubectl takes it: a workload, a Service, a pod. */
  readonly name?: string | undefined;
  /** A label selector as kubectl takes it. */
  readonly selector?: string | undefined;
  /** All namespaces; excludes `name`. */
  readonly allNamespaces?: boolean | undefined;
  /** The namespace; by default kubectl's. */
  readonly namespace?: string | undefined;
}

/** The living pods of a target as the API server has them, without a judgement of them. */
export interface TargetPods {
  readonly pods: readonly Pod[];
  /** The target, for messages. */
  readonly where: string;
  /** What has ended, so that there are no pods any more: one clause. */
  readonly ended?: string | undefined;
}

type Bare = 'names' | 'whole';

/** A name without a type is a pod's. @throws USAGE */
export function targetName(name: string): string {
  return checkTarget(name.includes('/') ? name : `pod/${name}`);
}

/** The living pods of a target, as they are; of a list, those without the sidecar by name alone. @throws as findPods */
export async function findTargetPods(kubectl: Kubectl, target: PodTarget): Promise<readonly Pod[]> {
  return (await readTarget(kubectl, target)).pods;
}

/**
 * The living pods of a target.
 * @param bare what is kept of pods without an agent: their names, or all that is read of pods anywhere
 * @throws USAGE, NOT_FOUND, KIND_UNSUPPORTED and as Kubectl
 */
export async function readTarget(
  kubectl: Kubectl,
  { name, selector, allNamespaces, namespace }: PodTarget,
  bare: Bare = 'names',
): Promise<TargetPods> {
  if (name !== undefined) return readNamed(kubectl, targetName(name), bare);
  const scope = allNamespaces === true ? undefined : (namespace ?? (await currentNamespace(kubectl)));
  const pods = await readPods(kubectl, scope, bare, selector);
  const what = selector === undefined ? 'all pods' : `pods with ${selector}`;
  return { ...livingOf(pods), where: `${what} in ${scope === undefined ? 'all namespaces' : `namespace ${scope}`}` };
}

async function readNamed(kubectl: Kubectl, target: string, bare: Bare): Promise<TargetPods> {
  const object = await kubectlJson<SelectingObject>(kubectl, ['get', target]);
  const where = `${objectName(object)} in namespace ${object.metadata.namespace ?? 'default'}`;
  const ended = endedText(object);
  if (object.kind === 'Pod') return { pods: ended === undefined ? [object as object as Pod] : [], where, ended };
  const pods =
    object.kind === 'CronJob'
      ? await podsOfCronJob(kubectl, object, bare)
      : await podsOfSelector(kubectl, object, where, bare);
  const { pods: living, ended: endedPods } = livingOf(pods);
  return { pods: living, where, ended: ended ?? endedPods };
}

async function podsOfSelector(
  kubectl: Kubectl,
  object: SelectingObject,
  where: string,
  bare: Bare,
): Promise<readonly Pod[]> {
  const selector = selectorText(selectorOf(object));
  if (selector === '')
    throw codedError('KIND_UNSUPPORTED', `a ${object.kind} (${object.apiVersion}) selects no pods`, { where });
  return readPods(kubectl, namespaceOf(object), bare, selector, (pod) => !managedByAnother(object, pod));
}

/** A CronJob has no selector: its Jobs are found by their owner, and their pods by theirs. */
async function podsOfCronJob(kubectl: Kubectl, object: SelectingObject, bare: Bare): Promise<readonly Pod[]> {
  const [jobs, pods] = await Promise.all([
    readPages(kubectl, { kind: 'jobs', namespace: namespaceOf(object) }, ({ metadata }) =>
      ownerName(metadata, 'CronJob') === object.metadata.name ? metadata.name : undefined,
    ),
    readPods(kubectl, namespaceOf(object), bare),
  ]);
  const names = new Set(jobs);
  return pods.filter(({ metadata }) => names.has(ownerName(metadata, 'Job') ?? ''));
}

function namespaceOf({ metadata }: SelectingObject): string {
  return metadata.namespace ?? 'default';
}

function ownerName(metadata: Metadata, kind: string): string | undefined {
  const owner = controllerOf(metadata);
  return owner?.kind === kind ? owner.name : undefined;
}

/** Keeps living pods: an agent in a pod that has ended cannot be asked. */
function livingOf(pods: readonly Pod[]): Pick<TargetPods, 'pods' | 'ended'> {
  const living = pods.filter((pod) => !hasEnded(pod));
  if (living.length > 0 || pods.length === 0) return { pods: living };
  const [first] = pods;
  const text =
    pods.length === 1 && first !== undefined
      ? endedText({ ...first, kind: 'Pod' })
      : `all ${pods.length} pods have ended; their files went with them`;
  return { pods: living, ended: text };
}

/**
 * @param namespace undefined: all
 * @param wanted false for a pod that is left out
 */
async function readPods(
  kubectl: Kubectl,
  namespace: string | undefined,
  bare: Bare,
  labelSelector?: string,
  wanted: (pod: Metadata) => boolean = () => true,
): Promise<readonly Pod[]> {
  const slim = createSlimmer();
  return readPages(kubectl, { kind: 'pods', namespace, labelSelector }, (object) => {
    if (!wanted(object.metadata)) return undefined;
    const pod = object as object as Pod;
    return bare === 'whole' || carrierOf(pod) !== undefined || hadAgent(pod) ? slim<Pod>(object) : nameOf(pod);
  });
}

/** The few fields that are kept of a pod without the sidecar, because a large cluster has many of them. */
function nameOf({ metadata: { name, namespace, ownerReferences }, status }: Pod): Pod {
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
    ...(status?.phase === undefined ? {} : { status: { phase: status.phase } }),
  };
}
