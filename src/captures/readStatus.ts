import type { Kubectl } from '../kubernetes/kubectl.ts';
import { readAgentStatus, type AgentStatus } from './agentStatus.ts';
import { mapParallel } from './parallel.ts';
import { findPods, type PodName, type PodTarget } from './pods.ts';

/** How a captured pod stands; plain data, for people and for `-o json`. */
export interface PodStatus {
  readonly namespace: string;
  readonly pod: string;
  /** Null while it has none. */
  readonly node: string | null;
  readonly phase: string;
  /** What its agent says, as it says it; null when it could not be asked. */
  readonly status: AgentStatus | null;
  /** Why it could not be asked. */
  readonly problem: string | null;
}

export interface StatusResult {
  readonly pods: readonly PodStatus[];
  /** Pods of the target that do not carry the sidecar. */
  readonly without: readonly PodName[];
  /** What was looked at, for messages. */
  readonly where: string;
  /** As of FoundPods. */
  readonly ended?: string | undefined;
}

/** How many pods are asked at once. */
export const atOnce = 8;

/** Asks the agents of all pods of a target. @throws as findPods */
export async function readStatus(kubectl: Kubectl, target: PodTarget): Promise<StatusResult> {
  const { captured, without, where, ended } = await findPods(kubectl, target);
  const pods = await mapParallel(captured, atOnce, async (pod): Promise<PodStatus> => {
    const asked = await readAgentStatus(kubectl, pod);
    const answer =
      'problem' in asked ? { status: null, problem: asked.problem } : { status: asked.status, problem: null };
    return { namespace: pod.namespace, pod: pod.name, node: pod.node ?? null, phase: pod.phase, ...answer };
  });
  return { pods, without, where, ended };
}
