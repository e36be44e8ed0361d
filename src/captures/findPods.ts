import { codedError } from '../errors.ts';
import { isTerminating } from '../kubernetes/api/pods.ts';
import type { Pod } from '../kubernetes/api/types.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import type { Platform, SettingValues } from '../settings/index.ts';
import { carrierOf, hadAgent } from './carrier.ts';
import { readTarget, targetName, type PodTarget, type TargetPods } from './readTarget.ts';

export type { PodTarget };

/** A pod with the sidecar. */
export interface CapturedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The container of the agent, for `kubectl exec`. */
  readonly container: string;
  readonly phase: string;
  /** The node; undefined while it has none. */
  readonly node: string | undefined;
  /** True when its agent was attached; absent when it is the sidecar. */
  readonly attached?: true;
  /** Those of the pod; none when its agent was attached, because it does not see them. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The defaults for settings without an annotation. */
  readonly defaults: SettingValues;
  /** The limits that its release sets for annotations; absent when there are none. */
  readonly platform?: Platform | undefined;
  /** The size of its volume for files, in bytes; undefined when it is not known. */
  readonly volumeBytes: number | undefined;
  /** Whether it has the container that mirrors, which can only be added when the pod is created. */
  readonly mirrors: boolean;
  /** Whether the agent's container runs and can be asked. */
  readonly ready: boolean;
  /** Whether it is being deleted. */
  readonly deleting: boolean;
}

/** The two parts of a pod's name, for messages and for kubectl. */
export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** A pod without an agent. */
export interface BarePod extends PodName {
  /** True when an agent was attached to it that has ended. */
  readonly ended?: true;
}

/** The living pods of a target, by whether they have an agent. */
export interface FoundPods {
  /** Sorted by namespace and name. */
  readonly captured: readonly CapturedPod[];
  /** Pods of the target without the sidecar; empty when the target is all pods of one or all namespaces. */
  readonly without: readonly BarePod[];
  /** The target, for messages: `deployment/web in namespace shop`. */
  readonly where: string;
  /** Why there are no pods any more: `job/import has completed; its files went with it`. */
  readonly ended?: string | undefined;
}

/**
 * Reads the living pods of a target; the result may be empty.
 * @throws USAGE, NOT_FOUND, KIND_UNSUPPORTED and as Kubectl
 */
export async function findPods(kubectl: Kubectl, target: PodTarget): Promise<FoundPods> {
  checkPodTarget(target);
  return foundPods(target, await readTarget(kubectl, target));
}

/** The pods of a target, by whether they have an agent. Pure. */
export function foundPods(target: PodTarget, { pods, where, ended }: TargetPods): FoundPods {
  const named = target.name !== undefined || target.selector !== undefined;
  const sorted = pods.toSorted((a, b) => byName(podName(a), podName(b)));
  const captured = sorted.flatMap((pod) => capturedPod(pod) ?? []);
  const without = named ? sorted.filter((pod) => carrierOf(pod) === undefined).map(barePod) : [];
  return { captured, without, where, ended };
}

/** @throws USAGE for arguments that exclude each other, or that cannot be a name */
export function checkPodTarget({ name, selector, allNamespaces }: PodTarget): void {
  if (name !== undefined && selector !== undefined) throw codedError('USAGE', 'a name and -l exclude each other');
  if (name !== undefined && allNamespaces === true) throw codedError('USAGE', 'a name and -A exclude each other');
  if (selector !== undefined && selector.trim() === '')
    throw codedError('USAGE', 'the selector is empty', { where: '-l' });
  if (name !== undefined) targetName(name);
}

/** The pod as {@link findPods} returns it; undefined when it does not have the sidecar. Pure. */
export function capturedPod(pod: Pod): CapturedPod | undefined {
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
    ...(carrier.attached ? { attached: true as const } : {}),
    annotations: carrier.attached ? {} : (metadata.annotations ?? {}),
    defaults: carrier.defaults,
    platform: carrier.platform,
    volumeBytes: carrier.volumeBytes,
    mirrors: carrier.mirrors,
    ready: carrier.running,
    deleting: isTerminating({ metadata }),
  };
}

/** Why the agent cannot be asked: one clause. */
export function notRunning({
  container,
  deleting,
  phase,
}: Pick<CapturedPod, 'container' | 'deleting' | 'phase'>): string {
  return `its container ${container} does not run; the pod is ${deleting ? 'Terminating' : phase}`;
}

function podName({ metadata: { namespace = 'default', name } }: Pod): PodName {
  return { namespace, name };
}

function barePod(pod: Pod): BarePod {
  return { ...podName(pod), ...(hadAgent(pod) ? { ended: true as const } : {}) };
}

function byName(a: PodName, b: PodName): number {
  return a.namespace === b.namespace
    ? a.name.localeCompare(b.name, 'en', { numeric: true })
    : a.namespace.localeCompare(b.namespace);
}
