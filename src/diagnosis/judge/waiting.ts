import { stuckReasons } from '../../kubernetes/api/stuckReasons.ts';
import type { ContainerStatus, Pod } from '../../kubernetes/api/types.ts';
import { containerNames } from '../../sidecar/index.ts';
import type { ReleaseFacts } from '../read/releases.ts';
import { agentOf, hasContainers } from './agentOf.ts';
import { finding, type Finding } from './checkFindings.ts';
import type { Condition } from './conditions.ts';
import type { Judgement } from './judge.ts';
import { placeOf, type JudgedPod } from './judgePods.ts';
import type { Verdict } from './verdict.ts';
import { reasons } from './whyReasons.ts';

/** For example an image of another architecture. It counts only before the app starts: later, the app runs on. */
const endsAgain = 'CrashLoopBackOff';

/** A container of the sidecar that does not start, with the kubelet's message. */
export interface WaitingContainer {
  readonly container: string;
  readonly image: string;
  readonly reason: string;
  readonly message: string;
}

/**
 * The containers of a pod's sidecar that cannot start until somebody corrects something. Pure. @param facts of its
 * release
 */
export function waitingContainers(pod: Pod, facts: ReleaseFacts | undefined): WaitingContainer[] {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const ours = [...(agentOf(pod) === undefined ? [] : containerNames), ...customNames(pod, facts)];
  return [...initContainerStatuses, ...containerStatuses].flatMap((status) =>
    ours.includes(status.name) ? waitingOf(pod, status) : [],
  );
}

function waitingOf({ spec, status }: Pod, { name, state }: ContainerStatus): WaitingContainer[] {
  const { reason = '', message = '' } = state?.waiting ?? {};
  const container = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find((one) => one.name === name);
  const isStuck = stuckReasons.has(reason) || (reason === endsAgain && status?.phase === 'Pending');
  return isStuck ? [{ container: name, image: container?.image ?? 'none', reason, message }] : [];
}

/** The container names of a custom sidecar, when the pod has all of them. */
function customNames(pod: Pod, facts: ReleaseFacts | undefined): readonly string[] {
  const { sidecar, release } = facts ?? {};
  const containers = sidecar?.form === 'custom' ? [...sidecar.containers, ...sidecar.initContainers] : [];
  const names = [...containers.map(({ name }) => name), ...(release?.parameters?.customNames ?? [])];
  return hasContainers(pod, names) ? names : [];
}

function textOf({ container, image, reason, message }: WaitingContainer): string {
  return `container ${container}, image ${image}: ${[reason, message].filter((part) => part !== '').join(': ')}`;
}

/**
 * Findings for pods that wait for their sidecar: the app of a pod does not start before a native sidecar does. Pure.
 */
export function waitingFindings(judged: readonly JudgedPod[]): Finding[] {
  const waiting = judged.flatMap((one) =>
    waitingContainers(one.subject.pod, one.judgement.facts).map((container) => ({ where: placeOf(one), container })),
  );
  const groups = Map.groupBy(waiting, ({ where, container }) =>
    JSON.stringify([where, container.container, container.image, container.reason]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const many = group.length === 1 ? '1 pod' : `${group.length} pods`;
    return [finding('sidecar_waiting', first.where, `${many}: ${textOf(first.container)}`)];
  });
}

/** The workloads whose new pods wait, as {@link placeOf} names them: a restart would stop their running pods. Pure. */
export function heldUp(judged: readonly JudgedPod[]): ReadonlySet<string> {
  return new Set(
    judged.filter(({ subject, judgement }) => waitingContainers(subject.pod, judgement.facts).length > 0).map(placeOf),
  );
}

/** Pods of which some may wait for their sidecar. */
export interface WaitingPods {
  /** The pods of the workload; for a pod without the sidecar, those of its workload; for any other pod, itself. */
  readonly pods: readonly Pod[];
  readonly judgement: Judgement;
  /** The command names a workload, not a pod. */
  readonly ofWorkload: boolean;
}

/**
 * The verdict on pods of which some wait for their sidecar. A rollout, the usual advice for a pod without the sidecar,
 * would replace a running pod by one that waits. Pure.
 */
export function withWaiting(verdict: Verdict, { pods, judgement, ofWorkload }: WaitingPods): Verdict {
  const waiting = pods
    .map((pod) => waitingContainers(pod, judgement.facts))
    .filter((containers) => containers.length > 0);
  if (waiting.length === 0) return verdict;
  const conditions = [...verdict.conditions, ...conditionsOf(waiting.flat())];
  if (verdict.state === 'refused') return { ...verdict, conditions };
  const reported = { ...verdict, conditions, next: waitingAdvice };
  if (verdict.state === 'not_injected' || verdict.reason === 'restart_policy_lost') return reported;
  const { text } = reasons.sidecar_waiting;
  if (ofWorkload)
    return {
      ...reported,
      state: 'broken',
      reason: 'sidecar_waiting',
      text: `${waiting.length} of its ${pods.length} pods have not started: ${text}.`,
    };
  if (judgement.carries)
    return {
      ...reported,
      state: 'broken',
      reason: 'sidecar_waiting',
      text: 'It is injected, but a container of the sidecar cannot start, so it waits.',
    };
  return { ...reported, reason: 'sidecar_waiting', text: `It is not injected: it is older, and ${text}.` };
}

/** One for each container and image: the reason is no key, because it changes between two attempts to pull. */
function conditionsOf(waiting: readonly WaitingContainer[]): Condition[] {
  const groups = Map.groupBy(waiting, ({ container, image }) => JSON.stringify([container, image]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined
      ? []
      : [{ met: false, what: `${group.length === 1 ? '1 pod waits' : `${group.length} pods wait`}: ${textOf(first)}` }];
  });
}

/** One paragraph and no command, because every command that recreates pods would delete running ones. */
export const waitingAdvice =
  "Correct what the kubelet names: the image's name, tag and architecture, the network to its registry, its pull secret in that namespace (agent.imagePullSecrets), or its security context (agent.securityContext). The kubelet retries by itself. Until then, do not restart the running pods: they would not be replaced.";
