import type { ContainerStatus, Pod } from '../../kubernetes/api/types.ts';
import { containerNames } from '../../sidecar/index.ts';
import { ownerName, topOwner } from '../read/podOwners.ts';
import type { ReleaseFacts } from '../read/releases.ts';
import { agentOf, hasContainers } from './agentOf.ts';
import { finding, type Finding } from './checkFindings.ts';
import type { Condition } from './conditions.ts';
import type { Judgement } from './judge.ts';
import type { JudgedPod } from './missed.ts';
import type { Verdict } from './verdict.ts';
import { reasons } from './whyReasons.ts';

/**
 * Reasons for which a container does not start, and will not by itself.
 * @see pkg/kubelet/images/types.go, pkg/kubelet/kuberuntime/kuberuntime_container.go of kubernetes/kubernetes
 */
const stuck: ReadonlySet<string> = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'ImageInspectError',
  'InvalidImageName',
  'RegistryUnavailable',
  'SignatureValidationFailed',
  'CreateContainerConfigError',
  'CreateContainerError',
  'PreCreateHookError',
  'PreStartHookError',
  'PostStartHookError',
  'RunContainerError',
]);

/** Such as that of another architecture. An agent that ended later does not stop the app. */
const endsAgain = 'CrashLoopBackOff';

/** A container of the sidecar that does not start, with the words of the kubelet. */
export interface WaitingContainer {
  readonly container: string;
  readonly image: string;
  readonly reason: string;
  readonly message: string;
}

/**
 * The containers of the sidecar in a pod that wait for what does not come by itself. Pure.
 * @param facts of its release
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
  const isStuck = stuck.has(reason) || (reason === endsAgain && status?.phase === 'Pending');
  return isStuck ? [{ container: name, image: container?.image ?? 'none', reason, message }] : [];
}

/** Of a sidecar of the user's own, when all of its containers are there. */
function customNames(pod: Pod, facts: ReleaseFacts | undefined): readonly string[] {
  const { sidecar, release } = facts ?? {};
  const containers = sidecar?.form === 'custom' ? [...sidecar.containers, ...sidecar.initContainers] : [];
  const names = [...containers.map(({ name }) => name), ...(release?.parameters?.customNames ?? [])];
  return hasContainers(pod, names) ? names : [];
}

function textOf({ container, image, reason, message }: WaitingContainer): string {
  return `container ${container}, image ${image}: ${[reason, message].filter((part) => part !== '').join(': ')}`;
}

/** The pods of `judged` that wait for their sidecar: a native one keeps the app from starting too. Pure. */
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

/**
 * The workloads whose new pods wait, as {@link placeOf} names them: restarting them would stop what still runs. Pure.
 */
export function heldUp(judged: readonly JudgedPod[]): ReadonlySet<string> {
  return new Set(
    judged.filter(({ subject, judgement }) => waitingContainers(subject.pod, judgement.facts).length > 0).map(placeOf),
  );
}

/** `deployment/web in shop` */
export function placeOf({ subject: { pod, namespace, owners } }: Pick<JudgedPod, 'subject'>): string {
  const owner = topOwner(owners);
  return `${owner === undefined ? `pod/${pod.metadata.name}` : ownerName(owner)} in ${namespace}`;
}

export interface WaitingPods {
  /** Those of the workload; for a pod that lacks the sidecar, those of its workload; else the pod. */
  readonly pods: readonly Pod[];
  readonly judgement: Judgement;
  /** A workload is asked for, not a pod. */
  readonly ofWorkload: boolean;
}

/**
 * The verdict on pods of which some wait for their sidecar. What helps a pod of before the sidecar otherwise, a
 * rollout, would now replace one that runs by one that waits. Pure.
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

/** One for each container and image: its reason changes between each try to pull and the wait for the next. */
function conditionsOf(waiting: readonly WaitingContainer[]): Condition[] {
  const groups = Map.groupBy(waiting, ({ container, image }) => JSON.stringify([container, image]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined
      ? []
      : [{ met: false, what: `${group.length === 1 ? '1 pod waits' : `${group.length} pods wait`}: ${textOf(first)}` }];
  });
}

/** One paragraph; no command, for each that makes pods again would take away those that run. */
export const waitingAdvice =
  "Mend what the kubelet names: the image's name, tag and architecture, the way to its registry, its pull secret in that namespace (agent.imagePullSecrets), or its security context (agent.securityContext). The kubelet tries again by itself. Leave the pods that run alone until then: none would take their place.";
