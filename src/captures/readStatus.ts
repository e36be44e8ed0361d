import type { Kubectl } from '../kubernetes/kubectl.ts';
import type { AgentStatus } from './agentStatus.ts';
import { findPods, type BarePod, type PodTarget } from './findPods.ts';
import { mapParallel } from './parallel.ts';
import { readAgentStatus } from './readAgentStatus.ts';

/** The state of a captured pod; plain data, for people and for `-o json`. */
export interface PodStatus {
  readonly namespace: string;
  readonly pod: string;
  /** The node; null while it has none. */
  readonly node: string | null;
  readonly phase: string;
  /** The status of its agent, unchanged; null when it could not be read. */
  readonly status: AgentStatus | null;
  /** Why the status could not be read. */
  readonly problem: string | null;
}

/** The state of every captured pod of a target, in the order of FoundPods. */
export interface StatusResult {
  readonly pods: readonly PodStatus[];
  /** Pods of the target without the sidecar. */
  readonly without: readonly BarePod[];
  /** The target, for messages. */
  readonly where: string;
  /** As in FoundPods. */
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
