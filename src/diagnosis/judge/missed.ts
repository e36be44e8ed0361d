import { ownerName, rollOf, topOwner, type Roll } from '../read/podOwners.ts';
import type { ReleaseState } from '../read/releaseState.ts';
import { adviceFor } from './advice.ts';
import type { Condition, Subject } from './conditions.ts';
import { missedReason, type Judgement } from './judge.ts';
import { placeOf, type JudgedPod } from './judgePods.ts';
import { heldUp } from './waiting.ts';
import { isCuredByRestart, reasons, type Reason } from './whyReasons.ts';

/** A pod that asks for the sidecar and does not have it; plain data. */
export interface MissedPod {
  readonly namespace: string;
  readonly pod: string;
  /** `deployment/web`: the workload that a user wrote; null for a pod without an owner. */
  readonly owner: string | null;
  readonly reason: Reason;
  /** One clause. */
  readonly what: string;
  /** What to do: a command line or a sentence. */
  readonly hint: string;
  /** The argument of `kubectl rollout restart` that gives it the sidecar; null when a restart does not help. */
  readonly restart: string | null;
}

/** The pods that miss the sidecar they ask for. Pure. */
export function missedPods(judged: readonly JudgedPod[]): MissedPod[] {
  const held = heldUp(judged);
  return judged.flatMap(({ subject, judgement }) => {
    const missed = missedReason(subject, judgement);
    const reason =
      missed !== undefined && isCuredByRestart(missed) && held.has(placeOf({ subject })) ? 'sidecar_waiting' : missed;
    return reason === undefined ? [] : [missedPod(subject, judgement, reason)];
  });
}

function missedPod(subject: Subject, judgement: Judgement<ReleaseState>, reason: Reason): MissedPod {
  const { pod, namespace, owners } = subject;
  const owner = topOwner(owners);
  const roll: Roll = rollOf({ name: pod.metadata.name, namespace }, owners);
  const unmet: Condition | undefined = judgement.conditions.find(({ met }) => met === false);
  return {
    namespace,
    pod: pod.metadata.name,
    owner: owner === undefined ? null : ownerName(owner),
    reason,
    what: unmet?.what ?? reasons[reason].text,
    hint: adviceFor(reason, subject, judgement.facts?.release, roll),
    restart: isCuredByRestart(reason) ? (roll.restart ?? null) : null,
  };
}
