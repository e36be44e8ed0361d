import { inheritedSecurity, whyUnfit, type PodSecurityLevel } from '../../inject/index.ts';
import { hasEnded, isTerminating } from '../../kubernetes/api/pods.ts';
import { stuckReasons } from '../../kubernetes/api/stuckReasons.ts';
import type { Container, Pod } from '../../kubernetes/api/types.ts';
import {
  attachedContainers,
  containerName,
  containerNames,
  makeAttached,
  nextAttachedName,
  type AgentSidecarConfig,
  type AttachedContainer,
} from '../../sidecar/index.ts';
import type { AttachReason } from './attachReasons.ts';
import { memoryRoom, type MemoryUse } from './memoryLimit.ts';
import { fitRing } from './storageLimit.ts';

/** What the decision depends on, besides the pod. */
export interface AttachOptions {
  /** Its settings are the defaults of a new agent. */
  readonly config: AgentSidecarConfig;
  /** Of the pod's namespace. */
  readonly podSecurity: PodSecurityLevel;
  /** A duration, see AttachedOptions. */
  readonly ttl: string;
  /** The sizes of its files are the user's, so they are not made smaller. */
  readonly ringAsked?: boolean | undefined;
  /** The memory that the pod uses; undefined when it is not known. */
  readonly memoryUse?: MemoryUse | undefined;
  /** The user accepts that the kernel may kill the app. */
  readonly ignoreMemory?: boolean | undefined;
  /** Containers that have ended though the pod's status does not say so yet, by the uid of their pod. */
  readonly ended?: ReadonlyMap<string, string> | undefined;
}

/** What has to be done with a pod so that an agent is in it. */
export type AttachPlan =
  /** Add an ephemeral container. */
  | {
      readonly kind: 'attach';
      readonly container: Container;
      /** The agent before it. */
      readonly replaces?: Replaced;
      /** Why its files are smaller than by default. */
      readonly smaller?: string;
      /** Why it is not known whether the pod has memory for it. */
      readonly memory?: string;
    }
  /** An agent was attached before; it runs, or is about to. */
  | { readonly kind: 'present'; readonly container: string; readonly running: boolean }
  /** The pod has the sidecar. */
  | { readonly kind: 'sidecar'; readonly container: string }
  | { readonly kind: 'skip'; readonly reason: AttachReason; /** More about it: numbers. */ readonly detail?: string };

/** An agent that was attached before and is of no use any more. Its container stays in the pod: none can be removed. */
export interface Replaced {
  readonly container: string;
  /** `ended`, or `stuck`: its image cannot be started, and another one is wanted now. */
  readonly because: 'ended' | 'stuck';
}

/**
 * Decides how an agent gets into a pod that runs: by one container for its whole life, as long as that runs. Pure:
 * the pod as the API server has it in, data out.
 */
export function planAttach(pod: Pod, options: AttachOptions): AttachPlan {
  const { spec } = pod;
  if (!spec?.containers?.length) return { kind: 'skip', reason: 'no_pod_template' };
  if (hasEnded(pod)) return { kind: 'skip', reason: 'pod_ended' };
  if (isTerminating(pod)) return { kind: 'skip', reason: 'pod_terminating' };
  if (spec.initContainers?.some(({ name }) => name === containerName) === true)
    return { kind: 'sidecar', container: containerName };
  const last = attachedContainers(pod).at(-1);
  const replaces = last === undefined ? undefined : replacedBy(options, pod, last);
  if (last !== undefined && replaces === undefined)
    return { kind: 'present', container: last.name, running: last.state === 'running' };
  return planNew(pod, options, replaces);
}

/** Decides about a pod without an agent that runs. */
function planNew(pod: Pod, options: AttachOptions, replaces: Replaced | undefined): AttachPlan {
  const reason = whyNot(pod, options);
  if (reason !== undefined) return { kind: 'skip', reason };
  const ring = fitRing(pod.spec ?? {}, options.config, options.ringAsked === true);
  if (ring.kind === 'none') return { kind: 'skip', reason: 'ephemeral_storage', detail: ring.text };
  const room = options.ignoreMemory === true ? undefined : memoryRoom(pod.spec ?? {}, options.memoryUse);
  if (room?.kind === 'short') return { kind: 'skip', reason: 'memory_short', detail: room.text };
  const container = makeAttached({
    name: nextAttachedName(pod),
    config: ring.config,
    profile: options.podSecurity === 'baseline' ? 'baseline' : 'privileged',
    ttl: options.ttl,
    ...inheritedSecurity(pod.spec ?? {}),
  });
  return {
    kind: 'attach',
    container,
    ...(replaces === undefined ? {} : { replaces }),
    ...(ring.kind === 'smaller' ? { smaller: ring.text } : {}),
    ...(room?.kind === 'unknown' ? { memory: room.text } : {}),
  };
}

/** Why the agent that was attached last is of no use any more; undefined when it is. */
function replacedBy(
  { config, ended }: AttachOptions,
  { metadata }: Pod,
  last: AttachedContainer,
): Replaced | undefined {
  if (last.state === 'ended' || ended?.get(metadata.uid ?? '') === last.name)
    return { container: last.name, because: 'ended' };
  const isStuck = stuckReasons.has(last.status?.state?.waiting?.reason ?? '');
  return isStuck && last.container.image !== config.agent.image
    ? { container: last.name, because: 'stuck' }
    : undefined;
}

function whyNot(pod: Pod, { config, podSecurity }: AttachOptions): AttachReason | undefined {
  const unfit = whyUnfit(pod, pod.spec ?? {}, { config });
  if (unfit !== undefined) return unfit;
  if (pod.spec?.containers?.some(({ name }) => containerNames.includes(name)) === true) return 'name_collision';
  if (podSecurity === 'restricted') return 'pod_security_restricted';
  return hasRunningContainer(pod) ? undefined : 'pod_pending';
}

/**
 * The kubelet starts ephemeral containers as soon as the pod's sandbox exists, while init containers still run
 * (computePodActions in pkg/kubelet/kuberuntime): a pod whose init container hangs can be captured.
 */
function hasRunningContainer({ status }: Pod): boolean {
  if (status?.phase === 'Running') return true;
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].some(
    ({ state }) => state?.running !== undefined,
  );
}
