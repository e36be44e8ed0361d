import { containerNames } from '../sidecar/index.ts';
import { carriedAgent } from './carried.ts';
import { finding, type Finding } from './findings.ts';
import type { JudgedPod } from './missed.ts';
import { ownerName, topOwner } from './owners.ts';

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
  'RunContainerError',
]);

/** Containers of ours that cannot start: a native sidecar keeps the app from starting too. Pure. */
export function waitingFindings(judged: readonly JudgedPod[]): Finding[] {
  const waiting = judged.flatMap((one) => waitingOf(one));
  const groups = Map.groupBy(waiting, ({ where, container, reason }) => JSON.stringify([where, container, reason]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { where, container, reason, message } = first;
    const many = group.length === 1 ? '1 pod' : `${group.length} pods`;
    return [finding('sidecar_waiting', where, `${many}: container ${container}: ${[reason, message].filter((part) => part !== '').join(': ')}`)];
  });
}

interface Waiting {
  readonly where: string;
  readonly container: string;
  readonly reason: string;
  readonly message: string;
}

function waitingOf({ subject: { pod, namespace, owners } }: JudgedPod): Waiting[] {
  if (carriedAgent(pod) === undefined) return [];
  const owner = topOwner(owners);
  const where = `${owner === undefined ? `pod/${pod.metadata.name}` : ownerName(owner)} in ${namespace}`;
  return (pod.status?.initContainerStatuses ?? []).flatMap(({ name, state }) => {
    const { reason = '', message = '' } = state?.waiting ?? {};
    return containerNames.includes(name) && stuck.has(reason) ? [{ where, container: name, reason, message }] : [];
  });
}
