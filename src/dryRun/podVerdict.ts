import type { PodSpec, PodTemplate, WorkloadObject } from '../kubernetes/api/types.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import { askForPod, type Answer } from './ask.ts';
import { violationsIn, withDefaults } from './limitRange.ts';
import { podOf } from './podManifest.ts';
import type { Refusal } from './podRefusal.ts';
import { podsThatFit, quotaShortage, type Replacement, type ResourceQuota, type Shortage } from './quota.ts';
import { remedyFor, type Remedy, type RemedyOptions } from './remedy.ts';
import { replacementOf } from './replacement.ts';
import { mostPresent, readSurroundings, type Surroundings } from './surroundings.ts';

/**
 * Whether pods of a workload can be created with the sidecar.
 * - `fits`: they can. `pod` is what the API server would store; absent when a quota allows it only after an old pod is
 *   deleted
 * - `refused_anyway`: they cannot be created without the sidecar either; `sidecar` if the sidecar adds another refusal
 * - `refused_by_sidecar`: they can be created without it
 * - `unknown`: the API server did not judge; `right` names a missing right
 */
export type PodVerdict =
  | {
      readonly outcome: 'fits';
      readonly pod?: PodTemplate;
      readonly warnings: readonly string[];
      readonly notes: readonly string[];
    }
  | { readonly outcome: 'refused_anyway'; readonly refusal: Refusal; readonly sidecar?: Refusal }
  | { readonly outcome: 'refused_by_sidecar'; readonly refusal: Refusal; readonly remedy: Remedy }
  | { readonly outcome: 'unknown'; readonly why: string; readonly right?: string };

/** The outcomes without a pod. */
export type RefusedPods = Extract<PodVerdict, { readonly refusal: Refusal }>;

/**
 * The pods to ask the API server for: one with the sidecar and one without, so that it is clear what a refusal is
 * about.
 */
export interface PodDryRun {
  readonly kubectl: Kubectl;
  readonly namespace: string;
  /** The workload, or a pod without one. */
  readonly object: WorkloadObject;
  /** The pod template with the sidecar, or one that asks an injector for it. */
  readonly with: PodTemplate;
  /** The same template without the sidecar, or one that opts out of it. */
  readonly without: PodTemplate;
  /** The pod that an injector makes of `with`, if it is known; by default `with` itself. */
  readonly injected?: PodTemplate | undefined;
  /** The timeout of each request. By default 60, because each admission webhook may take 30. */
  readonly timeoutSeconds?: number | undefined;
}

/**
 * Asks the API server for a pod as its controller would make it, in server-side dry runs, in the pods' namespace and
 * with the user's rights: with the sidecar and, where it matters, without. Quotas are calculated for all replicas.
 * Nothing is changed. There are at most nine requests, each with a timeout.
 * @throws INTERRUPTED, KUBECTL_MISSING, CLUSTER_UNREACHABLE when no API server answers
 */
export async function dryRunPods(options: PodDryRun): Promise<PodVerdict> {
  const { kubectl, namespace, object } = options;
  const ask = async (template: PodTemplate): Promise<Answer> =>
    askForPod(kubectl, podOf(object, template), namespace, options.timeoutSeconds);
  const withIt = await ask(options.with);
  if (withIt.kind === 'no_answer') return { outcome: 'unknown', ...withIt.noAnswer };
  const around = await readSurroundings(kubectl, namespace, object);
  if (withIt.kind === 'made' && around.quotas?.length === 0) {
    return { outcome: 'fits', pod: withIt.pod, warnings: withIt.warnings, notes: [] };
  }
  const withoutIt = await ask(options.without);
  if (withIt.kind === 'refused' && !withIt.refusal.exceedsQuota)
    return judgeRefusal(options, around, withIt.refusal, withoutIt);
  return judgeQuotas(options, around, withIt, withoutIt);
}

async function judgeRefusal(
  options: PodDryRun,
  around: Surroundings,
  refusal: Refusal,
  without: Answer,
): Promise<PodVerdict> {
  if (without.kind === 'no_answer') return { outcome: 'unknown', ...without.noAnswer };
  // Quotas are checked last: another refusal would remain with a larger quota.
  if (without.kind === 'refused' && !without.refusal.exceedsQuota) {
    const same = without.refusal.words === refusal.words;
    return { outcome: 'refused_anyway', refusal: without.refusal, ...(same ? {} : { sidecar: refusal }) };
  }
  // Another webhook that could not be called has not judged the pod, and may work again in a second.
  if (refusal.uncalled && !refusal.names.some((name) => name.includes('packet-capture'))) {
    return { outcome: 'unknown', why: refusal.words };
  }
  const { quotas, present } = around;
  if (quotas === undefined || quotas.length === 0 || present === undefined) return bySidecar(options, around, refusal);
  const replacement = replacementOf(options, around, { kind: 'refused', refusal }, without);
  // If a quota has no room for any pod of the app, the sidecar makes no difference.
  if (without.kind === 'refused' && podsThatFit(quotas, { ...replacement, replicas: 1 }, 'without') === 0) {
    return { outcome: 'refused_anyway', refusal: without.refusal, sidecar: refusal };
  }
  return bySidecar(options, around, refusal, { holds: holdsAll(quotas, around, replacement) });
}

function holdsAll(
  quotas: readonly ResourceQuota[],
  around: Surroundings,
  replacement: Replacement,
): (spec: PodSpec) => boolean {
  return (spec) =>
    quotaShortage(quotas, { ...replacement, with: withDefaults(spec, around.limitRanges ?? []) }) === undefined;
}

async function bySidecar(
  options: PodDryRun,
  around: Surroundings,
  refusal: Refusal,
  quota: Pick<RemedyOptions, 'shortage' | 'holds'> = {},
): Promise<PodVerdict> {
  const carrying = options.injected ?? options.with;
  const { limitRanges } = around;
  const names = refusal.by === 'limit_range' ? violated(carrying, limitRanges) : refusal.names;
  const named = { ...refusal, names };
  return {
    outcome: 'refused_by_sidecar',
    refusal: named,
    remedy: await remedyFor({ ...options, carrying, limitRanges, refusal: named, ...quota }),
  };
}

/** Finds the limit ranges that do not admit a pod, because the message does not name them. */
function violated({ spec }: PodTemplate, ranges: Surroundings['limitRanges'] = []): string[] {
  return [...new Set(violationsIn(withDefaults(spec ?? {}, ranges), ranges).map(({ limitRange }) => limitRange))];
}

async function judgeQuotas(
  options: PodDryRun,
  around: Surroundings,
  withIt: Answer,
  withoutIt: Answer,
): Promise<PodVerdict> {
  if (withoutIt.kind === 'refused' && !withoutIt.refusal.exceedsQuota)
    return { outcome: 'refused_anyway', refusal: withoutIt.refusal };
  const fits = fitting(withIt);
  if (around.quotas === undefined || around.present === undefined)
    return withoutReading(options, around, withIt, withoutIt);
  const { quotas } = around;
  const replacement = replacementOf(options, around, withIt, withoutIt);
  const shortage = quotaShortage(quotas, replacement);
  if (shortage === undefined) return { ...fits, notes: withIt.kind === 'made' ? [] : [waits(withIt)] };
  const refusal = refusalFor(shortage, withIt);
  if (!shortage.bySidecar) return { outcome: 'refused_anyway', refusal };
  return bySidecar(options, around, refusal, { shortage, holds: holdsAll(quotas, around, replacement) });
}

/** The verdict for a user who may not read quotas or pods: only one more pod is tried. */
async function withoutReading(
  options: PodDryRun,
  around: Surroundings,
  withIt: Answer,
  withoutIt: Answer,
): Promise<PodVerdict> {
  const right =
    around.tooMany === true
      ? undefined
      : `list ${around.quotas === undefined ? 'resourcequotas' : 'pods'} in namespace ${options.namespace}`;
  const reason =
    right === undefined ? `it has more than ${mostPresent} pods, which are not counted` : `you may not ${right}`;
  if (withIt.kind === 'made') {
    return {
      ...fitting(withIt),
      notes: [`one pod fits; it is not known whether the quotas have room for all: ${reason}`],
    };
  }
  if (withIt.kind === 'refused' && withoutIt.kind === 'made') {
    return bySidecar(options, around, withIt.refusal);
  }
  const words = withIt.kind === 'refused' ? `: ${withIt.refusal.words}` : '';
  return {
    outcome: 'unknown',
    why: `one more pod exceeds a quota, with or without the sidecar; ${reason}${words}`,
    ...(right === undefined ? {} : { right }),
  };
}

function fitting(answer: Answer): Extract<PodVerdict, { readonly outcome: 'fits' }> {
  if (answer.kind !== 'made') return { outcome: 'fits', warnings: [], notes: [] };
  return { outcome: 'fits', pod: answer.pod, warnings: answer.warnings, notes: [] };
}

function waits(answer: Answer): string {
  const words = answer.kind === 'refused' ? ` (${answer.refusal.words})` : '';
  return `a new pod can be created after an old one is deleted${words}`;
}

function refusalFor({ quota, words }: Shortage, answer: Answer): Refusal {
  const server = answer.kind === 'refused' ? `${answer.refusal.words}; ` : '';
  return { by: 'resource_quota', names: [quota], words: `${server}${words}`, exceedsQuota: true, uncalled: false };
}
