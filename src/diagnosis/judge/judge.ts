import type { PodTemplate } from '../../kubernetes/api/types.ts';
import { injectAnnotation } from '../../settings/index.ts';
import { defaultSidecarConfig } from '../../sidecar/index.ts';
import type { ReleaseFacts, Release } from '../read/releases.ts';
import { hasContainers, hasSidecar } from './agentOf.ts';
import { conditionsFor, firstUnmet, type Condition, type Subject } from './conditions.ts';
import type { Reason } from './whyReasons.ts';

/** What prevents the injection of a pod, as far as the rules show. */
export interface Judgement<F extends ReleaseFacts = ReleaseFacts> {
  readonly carries: boolean;
  /** The release that comes nearest to injecting it; undefined when there is none. */
  readonly facts: F | undefined;
  /** The conditions of that release. */
  readonly conditions: readonly Condition[];
  /** The pod asks for the sidecar, possibly in the wrong place. */
  readonly asks: boolean;
  /** The first condition that is not met; undefined when a pod like this would be injected now. */
  readonly reason: Reason | undefined;
}

/** @param releases undefined when they may not be read. Pure. */
export function judge<F extends ReleaseFacts>(subject: Subject, releases: readonly F[] | undefined): Judgement<F> {
  const carries = hasAnySidecar(subject.pod, releases ?? []);
  const judged = (releases ?? []).map((facts) => judgeFor(subject, facts));
  // First the release whose annotation the pod has; then the one with the most conditions met.
  const best = judged.toSorted(
    (a, b) => Number(b.asks) - Number(a.asks) || firstUnmet(b.conditions) - firstUnmet(a.conditions),
  )[0];
  if (best !== undefined) return { carries, ...best };
  return {
    carries,
    facts: undefined,
    conditions: [],
    asks: subject.pod.metadata.annotations?.[injectAnnotation] === 'true',
    reason: releases === undefined ? 'release_unknown' : 'no_release',
  };
}

/** Whether a pod has our agent, or the custom sidecar of one of the releases. */
export function hasAnySidecar(pod: PodTemplate, releases: readonly ReleaseFacts[]): boolean {
  const configs = [defaultSidecarConfig, ...releases.flatMap(({ sidecar }) => sidecar ?? [])];
  return (
    configs.some((config) => hasSidecar(pod, config)) ||
    releases.some(({ release }) => hasContainers(pod, release.parameters?.customNames ?? []))
  );
}

function judgeFor<F extends ReleaseFacts>(subject: Subject, facts: F): Omit<Judgement<F>, 'carries'> {
  const conditions = conditionsFor(subject, facts);
  const reason = conditions[firstUnmet(conditions)]?.reason;
  return { facts, conditions, asks: asks(subject, facts.release, reason), reason };
}

function asks({ pod }: Subject, { annotation, optOut }: Release, reason: Reason | undefined): boolean {
  if (reason === 'opted_out' || pod.metadata.annotations?.[injectAnnotation] === 'false') return false;
  return (
    pod.metadata.annotations?.[annotation] === 'true' || reason === 'older_template' || (optOut && reason === undefined)
  );
}

/** Why a living pod lacks what it asks for; undefined when it lacks nothing. Pure. */
export function missedReason(
  subject: Subject,
  { carries, asks: wanted, facts, reason }: Judgement,
): Reason | undefined {
  if (carries || !wanted) return undefined;
  if (reason !== undefined) return reason;
  const created = subject.pod.metadata.creationTimestamp ?? '';
  return created < (facts?.release.created ?? '') ? 'created_before_release' : 'missed_at_creation';
}
