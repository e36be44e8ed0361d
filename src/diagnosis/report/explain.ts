import type { Pod } from '../../kubernetes/api/types.ts';
import { adviceFor } from '../judge/advice.ts';
import { agentOf } from '../judge/agentOf.ts';
import { attachedAgent, type AttachedAgent } from '../judge/attachedFindings.ts';
import type { Condition, Subject } from '../judge/conditions.ts';
import { fitOfSidecar } from '../judge/fit.ts';
import { missedReason, type Judgement } from '../judge/judge.ts';
import { meshConditions } from '../judge/mesh.ts';
import { mirrorAdvice, mirrorConditions, mirrorsOfPods } from '../judge/mirrorConditions.ts';
import { driftOf, inItsTemplate } from '../judge/podFindings.ts';
import { acceptance, refusedVerdict, type DryRun } from '../judge/refused.ts';
import { releaseFindings, releaseName } from '../judge/releaseFindings.ts';
import type { State, Verdict } from '../judge/verdict.ts';
import { withWaiting } from '../judge/waiting.ts';
import { isCuredByRestart, reasons, type Reason } from '../judge/whyReasons.ts';
import { ownerName, rollOf } from '../read/podOwners.ts';
import type { ReleaseState } from '../read/releaseState.ts';

/** Why a pod or workload is injected or not; plain data, for people and for `-o json`. */
export interface WhyResult {
  /** `pod/web-1`, `deployment/web` */
  readonly object: string;
  readonly namespace: string;
  readonly state: State;
  /** Null when it is injected, or would be. */
  readonly reason: Reason | null;
  /** One sentence. */
  readonly verdict: string;
  /** A command line or a sentence; null when there is nothing to do. */
  readonly next: string | null;
  /** The controllers above it, the nearest first. */
  readonly owners: readonly string[];
  /** The release that injects it, or comes nearest to it. */
  readonly release: {
    readonly way: string;
    readonly release: string;
    readonly namespace: string;
    readonly object: string;
    readonly version: string | null;
  } | null;
  /** In the order in which they apply; met is null where only the API server knows. */
  readonly conditions: readonly { readonly met: boolean | null; readonly what: string }[];
  /** The living pods of a workload: how many have the sidecar or an attached agent that runs; null for a pod. */
  readonly pods: { readonly living: number; readonly injected: number; readonly attached: number } | null;
  /** The agent that was attached to the pod; null when there is none, and for a workload. */
  readonly attached: AttachedAgent | null;
}

/** All that was read about an object for `why`. */
export interface WhyFacts {
  readonly object: string;
  readonly subject: Subject;
  readonly judgement: Judgement;
  /** The API server's answer for the next pod. */
  readonly dryRun: DryRun;
  /** The state of the release that should have injected it; only read when it did not. */
  readonly state: ReleaseState | undefined;
  /** The living pods of a workload. */
  readonly siblings: readonly { readonly subject: Subject; readonly judgement: Judgement }[] | undefined;
  /** For a pod without the sidecar: the living pods of its workload. */
  readonly kin?: readonly Pod[] | undefined;
  /** False when what is registered with the API server may not be read. */
  readonly known: boolean;
  readonly now: Date;
}

/** Turns what was read into an explanation. Pure. */
export function explain(facts: WhyFacts): WhyResult {
  const { object, subject, judgement, siblings } = facts;
  const release = judgement.facts?.release;
  const pods = siblings?.map((sibling) => sibling.subject.pod);
  const verdict = withWaiting(verdictOf(facts), {
    pods: pods ?? facts.kin ?? [subject.pod],
    judgement,
    ofWorkload: pods !== undefined,
  });
  const mirrors = pods === undefined || judgement.carries ? [] : mirrorsOfPods(subject, pods, judgement.facts);
  const lines = [...conditionsBefore(facts), ...verdict.conditions, ...mirrors];
  return {
    object,
    namespace: subject.namespace,
    state: verdict.state,
    reason: verdict.reason,
    verdict: verdict.text,
    next:
      verdict.next ??
      (verdict.reason === null ? null : adviceFor(verdict.reason, subject, release, rollOfSubject(facts))),
    owners: subject.owners.map(ownerName).filter((name) => name !== object),
    release:
      release === undefined
        ? null
        : {
            way: release.way,
            release: release.name,
            namespace: release.namespace,
            object: release.object,
            version: release.version ?? null,
          },
    conditions: lines.map(({ met, what }) => ({ met: met ?? null, what })),
    pods: siblings === undefined ? null : countsOf(siblings),
    attached: pods === undefined ? (attachedAgent(subject.pod) ?? null) : null,
  };
}

function countsOf(siblings: NonNullable<WhyFacts['siblings']>): NonNullable<WhyResult['pods']> {
  return {
    living: siblings.length,
    injected: siblings.filter(({ judgement }) => judgement.carries).length,
    attached: siblings.filter(({ subject }) => attachedAgent(subject.pod)?.state === 'running').length,
  };
}

function rollOfSubject({ subject, siblings = [] }: WhyFacts): ReturnType<typeof rollOf> {
  const missing = siblings.find(({ judgement }) => !judgement.carries)?.subject.pod ?? subject.pod;
  return rollOf({ name: missing.metadata.name, namespace: subject.namespace }, subject.owners);
}

/** The conditions of the release; empty for a pod that has the sidecar, because they no longer matter. */
function conditionsBefore({ judgement, known }: WhyFacts): Condition[] {
  if (judgement.carries) return [];
  if (!known) return [{ met: undefined, what: 'you may not read what is registered with the API server' }];
  if (judgement.facts === undefined) return [{ met: false, what: 'there is no release of packet-capture' }];
  const { release } = judgement.facts;
  return [{ met: true, what: `${releaseName(release)} (${release.way} ${release.object})` }, ...judgement.conditions];
}

function verdictOf(facts: WhyFacts): Verdict {
  const { subject, judgement, siblings, dryRun } = facts;
  const held = judgement.carries ? carrying(facts) : undefined;
  if (dryRun.kind === 'refused') {
    const refused = refusedVerdict(subject, dryRun.verdict, judgement.carries);
    return { state: 'refused', ...refused, conditions: [...(held?.conditions ?? []), refused.condition] };
  }
  if (held !== undefined) return { ...held, conditions: [...held.conditions, ...acceptance(dryRun)] };
  const answer = answerOf(facts);
  // The API server decides: it also evaluates conditions in CEL, calls the injector, and reads what the user may not.
  const obstacle = answer.injects ? undefined : (ruleAgainst(judgement) ?? answer.reason);
  if (obstacle !== undefined) {
    const who = siblings === undefined ? 'It is' : 'Its new pods are';
    return {
      state: 'not_injected',
      reason: obstacle,
      text: `${who} not injected: ${reasons[obstacle].text}.`,
      conditions: answer.conditions,
      next: obstacle === answer.reason ? answer.next : undefined,
    };
  }
  if (siblings !== undefined) return workloadVerdict(siblings, answer.conditions);
  // If the template has the sidecar, no release is needed, so none is reported as missing.
  const missed = inItsTemplate(subject.owners) ? 'older_template' : curable(missedReason(subject, judgement));
  return {
    state: 'missed',
    reason: missed,
    text: `It is not injected: ${reasons[missed].text}. A new one would be.`,
    conditions: answer.conditions,
  };
}

/** `older_template` is about the present pod alone: the next pod gets the new template. */
function ruleAgainst({ reason }: Judgement): Reason | undefined {
  return reason === 'older_template' ? undefined : reason;
}

/** Why a pod lacks the sidecar although a new pod would get it. */
function curable(reason: Reason | undefined): Reason {
  return reason !== undefined && isCuredByRestart(reason) ? reason : 'missed_at_creation';
}

function workloadVerdict(siblings: NonNullable<WhyFacts['siblings']>, conditions: readonly Condition[]): Verdict {
  const missing = siblings.filter(({ judgement }) => !judgement.carries);
  const [first] = missing;
  if (siblings.length === 0)
    return {
      state: 'would_be_injected',
      reason: null,
      text: 'It has no pods now; new ones would be injected.',
      conditions,
    };
  if (first === undefined)
    return {
      state: 'injected',
      reason: null,
      text: `All of its pods (${siblings.length}) have the sidecar.`,
      conditions,
    };
  const reason = curable(missedReason(first.subject, first.judgement) ?? 'older_template');
  return {
    state: 'missed',
    reason,
    text: `${missing.length} of its ${siblings.length} pods are not injected: ${reasons[reason].text}. New ones would be.`,
    conditions,
  };
}

function carrying(facts: WhyFacts): Verdict {
  const { subject, judgement, siblings } = facts;
  const carried = agentOf(subject.pod);
  const how = inItsTemplate(subject.owners)
    ? 'its pod template has it (manifest or patch)'
    : 'it was added when the pod was created, or is in its manifest';
  const drift = driftOf({ subject, judgement });
  const conditions: Condition[] = [
    {
      met: true,
      what: `it has the sidecar${carried?.version === undefined ? '' : `, version ${carried.version}, image ${carried.image ?? 'none'}`}`,
    },
    { met: true, what: how },
    ...(carried === undefined
      ? []
      : [
          {
            met: carried.native,
            what: `its sidecar ${carried.native ? 'is native: it has' : 'has lost'} restartPolicy: Always`,
          },
        ]),
    ...mirrorConditions(subject, judgement.facts),
    ...meshConditions(subject),
    ...fitOfSidecar(subject.pod),
    ...(drift === undefined ? [] : [{ met: false, what: drift }]),
  ];
  if (carried?.native === false)
    return {
      state: 'broken',
      reason: 'restart_policy_lost',
      text: `It is injected, but ${reasons.restart_policy_lost.text}.`,
      conditions,
    };
  if (siblings?.some((pod) => !pod.judgement.carries) === true) {
    return {
      state: 'missed',
      reason: 'older_template',
      text: 'Its template has the sidecar, but some of its pods are of an older template.',
      conditions,
    };
  }
  if (siblings?.length === 0)
    return {
      state: 'would_be_injected',
      reason: null,
      text: 'It has no pods now; its template has the sidecar.',
      conditions,
    };
  return {
    state: 'injected',
    reason: null,
    text: drift === undefined ? 'It is injected.' : 'It is injected, but the release injects another version now.',
    conditions,
    next: mirrorAdvice(subject, rollOfSubject(facts), judgement.facts),
  };
}

interface Answer {
  readonly injects: boolean;
  readonly conditions: readonly Condition[];
  readonly reason?: Reason;
  readonly next?: string;
}

/** The API server's answer to the dry run; if it did not inject, what may be the cause. */
function answerOf({ judgement, dryRun, state, now }: WhyFacts): Answer {
  if (dryRun.kind !== 'made') return { injects: false, conditions: acceptance(dryRun) };
  const { injects, warnings, notes } = dryRun;
  const warned = warnings
    .filter((text) => text.startsWith('packet-capture'))
    .map((what) => ({ met: false, what: `the API server warns: ${what}` }));
  const conditions: Condition[] = [
    ...warned,
    { met: injects, what: `the API server ${injects ? 'injects' : 'does not inject'} such a pod (dry run)` },
    ...notes.map((what) => ({ met: undefined, what })),
  ];
  if (injects || state === undefined) return { injects, conditions };
  if ('injected' in state.probed && state.probed.injected) {
    return {
      injects,
      conditions,
      reason: judgement.conditions.some(({ met }) => met === undefined) ? 'match_condition' : 'left_alone',
    };
  }
  const errors = releaseFindings(state, now).findings.filter(
    ({ level, code }) => level === 'error' && code !== 'probe_failed',
  );
  const next = errors[0]?.hint;
  return {
    injects,
    conditions: [...errors.map(({ what, where }) => ({ met: false, what: `${where}: ${what}` })), ...conditions],
    reason: 'not_working',
    ...(next === undefined ? {} : { next }),
  };
}
