import { stuckReasons } from '../../kubernetes/api/stuckReasons.ts';
import type { Pod } from '../../kubernetes/api/types.ts';
import { attachedContainers, type AttachedContainer } from '../../sidecar/index.ts';
import { finding, type Finding } from './checkFindings.ts';
import { placeOf, type JudgedPod } from './judgePods.ts';

/** The agent that was attached to a pod last; plain data. */
export interface AttachedAgent {
  readonly container: string;
  readonly state: AttachedContainer['state'];
  /** Why it does not start, or how it failed, in the kubelet's words; null when nothing is wrong. */
  readonly problem: string | null;
}

/** Undefined for a pod to which none was attached. Pure. */
export function attachedAgent(pod: Pod): AttachedAgent | undefined {
  const last = attachedContainers(pod).at(-1);
  if (last === undefined) return undefined;
  return { container: last.name, state: last.state, problem: problemOf(last) ?? null };
}

function problemOf({ status }: AttachedContainer): string | undefined {
  const { waiting, terminated } = status?.state ?? {};
  if (waiting !== undefined && stuckReasons.has(waiting.reason ?? ''))
    return [waiting.reason, waiting.message].filter((part) => (part ?? '') !== '').join(': ');
  if (terminated === undefined || terminated.exitCode === 0) return undefined;
  const details = [terminated.reason, terminated.message].filter((part) => (part ?? '') !== '').join(': ');
  return `exit code ${terminated.exitCode ?? 'unknown'}${details === '' ? '' : ` (${details})`}`;
}

/** How many pods have an attached agent that runs, and those whose agent cannot start or has failed. Pure. */
export function attachedFindings(judged: readonly JudgedPod[], where: string): Finding[] {
  const attached = judged.flatMap((one) => {
    const agent = attachedAgent(one.subject.pod);
    return agent === undefined ? [] : [{ place: placeOf(one), agent }];
  });
  const running = attached.filter(({ agent }) => agent.state === 'running').length;
  const failing = Map.groupBy(
    attached.filter(({ agent }) => agent.problem !== null),
    ({ place, agent }) => JSON.stringify([place, agent.container, agent.problem]),
  );
  return [
    ...(running === 0 ? [] : [finding('pods_attached', where, `${podsText(running)} an attached agent that runs`)]),
    ...[...failing.values()].flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const what = `${group.length === 1 ? '1 pod' : `${group.length} pods`}: container ${first.agent.container}`;
      return [finding('attached_failing', first.place, `${what}: ${first.agent.problem ?? ''}`)];
    }),
  ];
}

function podsText(count: number): string {
  return count === 1 ? '1 pod has' : `${count} pods have`;
}

/** One sentence about it. Pure. */
export function attachedText({ container, state, problem }: AttachedAgent): string {
  const is = { running: 'runs', starting: 'has not started', ended: 'has ended' }[state];
  return `an agent is attached, without a restart: its container ${container} ${is}${problem === null ? '' : `: ${problem}`}`;
}
