import { codedError, rethrowUnlessRecoverable, type CodedError } from '../../errors.ts';
import { podSecurityLevel, type PodSecurityLevel } from '../../inject/index.ts';
import type { Namespace, Pod } from '../../kubernetes/api/types.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { readSome, unlessForbidden } from '../../kubernetes/reading.ts';
import type { AgentSidecarConfig } from '../../sidecar/index.ts';
import {
  attachReasons,
  planAttach,
  podMemoryLimit,
  type AttachPlan,
  type AttachReason,
  type MemoryUse,
} from '../../ways/attach/index.ts';
import { mapParallel } from '../parallel.ts';
import { atOnce } from '../readStatus.ts';
import { addContainer } from './addContainer.ts';
import { memoryReader, type MemoryReader } from './memoryUse.ts';

/**
 * What is the same for all pods: the sidecar's configuration, the time that an agent lives, and who gets the messages.
 */
export interface AttacherOptions {
  readonly kubectl: Kubectl;
  readonly config: AgentSidecarConfig;
  /** A duration. */
  readonly ttl: string;
  /** The level of all namespaces, instead of what their labels say. */
  readonly podSecurity?: PodSecurityLevel | undefined;
  /** As in AttachOptions. */
  readonly ringAsked?: boolean | undefined;
  /** As in AttachOptions. */
  readonly ignoreMemory?: boolean | undefined;
  /** As in AttachOptions. */
  readonly ended?: ReadonlyMap<string, string> | undefined;
  /** The API server judges everything and stores nothing. */
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Takes one line for people. */
  readonly report: (line: string) => void;
  /** Called for each container that was added. */
  readonly onAdded?: ((pod: Pod, container: string) => void) | undefined;
}

/** What was done with a pod; plain data, for people and for `--json`. */
export interface AttachedPod {
  readonly namespace: string;
  readonly pod: string;
  /** The agent's container; null when there is none. */
  readonly container: string | null;
  /**
   * attached: a container was added; present: one was there; sidecar: the pod has the sidecar, which captures; dry-run:
   * one would be added; skipped: the pod is left alone; failed: its container does not start, or the API server refuses
   * it; gone: the pod has ended meanwhile.
   */
  readonly result: 'attached' | 'present' | 'sidecar' | 'dry-run' | 'skipped' | 'failed' | 'gone';
  /** Why it is skipped. */
  readonly reason: AttachReason | null;
  /** Of a failure, and more about why it is skipped. */
  readonly message: string | null;
}

/** A result, with the pod that it is about. */
export interface AttachedTo {
  readonly pod: Pod;
  readonly result: AttachedPod;
}

/** Attaches agents to pods; what it reads of a namespace it reads once. */
export interface Attacher {
  /**
   * The results in the order of the pods; whether an added container starts is not known yet.
   * @throws INTERRUPTED, KUBECTL_MISSING, REQUIREMENT_MISSING
   */
  readonly attach: (pods: readonly Pod[]) => Promise<readonly AttachedTo[]>;
  /** Begins to read the level of a namespace. */
  readonly prepare: (namespace: string) => void;
}

/** Reads the Pod Security level of each namespace once; the pods of one call are attached to in parallel. */
export function createAttacher(options: AttacherOptions): Attacher {
  const levels = new Map<string, Promise<PodSecurityLevel | undefined>>();
  const levelOf = async (namespace: string): Promise<PodSecurityLevel | undefined> => {
    if (options.podSecurity !== undefined) return options.podSecurity;
    const level = levels.get(namespace) ?? readLevel(options.kubectl, namespace);
    levels.set(namespace, level);
    return level;
  };
  return {
    attach: async (pods) => {
      const readMemory = memoryReader(options.kubectl, pods);
      return mapParallel(pods, atOnce, async (pod) => {
        const podSecurity = await levelOf(namespaceOf(pod));
        return attachTo({ ...options, podSecurity, readMemory }, pod);
      });
    },
    // What fails here fails again where it is needed.
    prepare: (namespace) => void levelOf(namespace).catch(() => undefined),
  };
}

/** Undefined when the namespace may not be read: the API server judges the container all the same. */
async function readLevel(kubectl: Kubectl, namespace: string): Promise<PodSecurityLevel | undefined> {
  const found = await unlessForbidden(async () => readSome<Namespace>(kubectl, ['get', 'namespaces', namespace]));
  return found === undefined ? undefined : podSecurityLevel(found[0]?.metadata.labels);
}

function namespaceOf({ metadata }: Pod): string {
  return metadata.namespace ?? 'default';
}

interface AttachToOptions extends AttacherOptions {
  readonly podSecurity: PodSecurityLevel | undefined;
  readonly readMemory: MemoryReader;
}

/** What a pod uses of its memory, where that decides something. */
async function memoryUseOf(options: AttachToOptions, pod: Pod): Promise<MemoryUse | undefined> {
  if (options.ignoreMemory === true || podMemoryLimit(pod.spec ?? {}) === undefined) return undefined;
  const plan = planAttach(pod, { ...options, podSecurity: options.podSecurity ?? 'privileged' });
  return plan.kind === 'attach' ? options.readMemory(pod) : undefined;
}

async function attachTo(options: AttachToOptions, found: Pod): Promise<AttachedTo> {
  const { dryRun, report } = options;
  const name = `${namespaceOf(found)}/${found.metadata.name}`;
  const identity = { namespace: namespaceOf(found), pod: found.metadata.name };
  try {
    const memoryUse = await memoryUseOf(options, found);
    const { pod, plan } = await addContainer({ ...options, memoryUse }, found);
    report(`${name}: ${planText(plan, dryRun)}`);
    if (plan.kind === 'attach' && plan.memory !== undefined) report(`${name}: warning: ${plan.memory}`);
    if (plan.kind === 'attach' && !dryRun) options.onAdded?.(pod, plan.container.name);
    return {
      pod,
      result: { ...identity, ...resultOf(plan, dryRun), message: plan.kind === 'skip' ? (plan.detail ?? null) : null },
    };
  } catch (error) {
    rethrowUnlessRecoverable(error, 'REQUIREMENT_MISSING');
    const isGone = error.code === 'NOT_FOUND';
    report(`${name}: ${isGone ? 'it is gone' : `not attached: ${error.message}`}`);
    const result = { container: null, result: isGone ? 'gone' : 'failed', reason: null } as const;
    return { pod: found, result: { ...identity, ...result, message: isGone ? null : error.message } };
  }
}

function resultOf(plan: AttachPlan, dryRun: boolean): Pick<AttachedPod, 'container' | 'result' | 'reason'> {
  if (plan.kind === 'skip') return { container: null, result: 'skipped', reason: plan.reason };
  if (plan.kind !== 'attach') return { container: plan.container, result: plan.kind, reason: null };
  return { container: plan.container.name, result: dryRun ? 'dry-run' : 'attached', reason: null };
}

/** One clause about a pod. Pure. */
export function planText(plan: AttachPlan, dryRun: boolean): string {
  if (plan.kind === 'skip')
    return `left alone: ${plan.reason}: ${attachReasons[plan.reason]}${detailText(plan.detail)}`;
  if (plan.kind === 'sidecar') return 'it has the sidecar, which captures, so nothing is attached';
  if (plan.kind === 'present')
    return plan.running
      ? `the container ${plan.container} was attached before and goes on`
      : `the container ${plan.container} was attached before and is starting`;
  const smaller = plan.smaller === undefined ? '' : `, with ${plan.smaller}`;
  const what = `${dryRun ? 'would attach' : 'attached'} the container ${plan.container.name}${smaller}`;
  if (plan.replaces === undefined) return what;
  const { container, because } = plan.replaces;
  return `${what}, because ${container} ${because === 'ended' ? 'has ended' : 'cannot start'}`;
}

function detailText(detail: string | null | undefined): string {
  return detail == null ? '' : `: ${detail}`;
}

/** The error when no pod of a target has an agent now; undefined when one has. Pure. */
export function nothingAttached(pods: readonly AttachedPod[], where: string): CodedError | undefined {
  const [first] = pods;
  if (
    first === undefined ||
    pods.some(({ result }) => result !== 'skipped' && result !== 'failed' && result !== 'gone')
  )
    return undefined;
  const place = pods.length === 1 ? `pod/${first.pod} in namespace ${first.namespace}` : where;
  if (pods.every(({ reason }) => reason === 'pod_security_restricted'))
    return codedError('POD_SECURITY', `nothing was attached: ${attachReasons.pod_security_restricted}`, {
      where: place,
    });
  const skipped = pods.find(({ result }) => result === 'skipped');
  if (skipped?.reason != null && pods.every(({ result }) => result === 'skipped')) {
    const many = pods.length === 1 ? '' : `to none of ${pods.length} pods; ${skipped.namespace}/${skipped.pod}: `;
    const what = `nothing was attached: ${many}${skipped.reason}: ${attachReasons[skipped.reason]}${detailText(skipped.message)}`;
    const isShort = pods.every(({ reason }) => reason === 'memory_short');
    return codedError(isShort ? 'MEMORY_SHORT' : 'NOT_ATTACHABLE', what, { where: place });
  }
  return failedToAttach(pods, place) ?? codedError('NOT_FOUND', 'the pod has ended meanwhile', { where: place });
}

/** The error about the containers that do not start; undefined when there are none. Pure. */
export function failedToAttach(pods: readonly AttachedPod[], where: string): CodedError | undefined {
  const failed = pods.filter(({ result }) => result === 'failed');
  const [first] = failed;
  if (first === undefined) return undefined;
  const name = `${first.namespace}/${first.pod}`;
  const what = `${failed.length} of ${pods.length} ${pods.length === 1 ? 'pod has' : 'pods have'} no agent that runs`;
  return codedError('ATTACH_FAILED', `${what}; ${name}: ${first.message ?? 'it is gone'}`, { where });
}
