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
 * Whether pods of a workload can be made with the sidecar; plain data.
 * - `fits`: they can. `pod` is what the API server would make; absent where a quota lets it make one only once an old
 *   pod is gone
 * - `refused_anyway`: they cannot be made without the sidecar either; `sidecar` when that adds words of its own
 * - `refused_by_sidecar`: without it they can
 * - `unknown`: the API server gives no judgement; `right` names the right that is missing
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

export interface PodDryRun {
  readonly kubectl: Kubectl;
  readonly namespace: string;
  /** What makes the pods, or a pod by itself. */
  readonly object: WorkloadObject;
  /** The pod template with the sidecar, or one that asks an injector for it. */
  readonly with: PodTemplate;
  /** The same without, or one that refuses it. */
  readonly without: PodTemplate;
  /** What an injector makes of `with`, as far as it is known; by default `with` itself. */
  readonly injected?: PodTemplate | undefined;
  /** For each request; default 60, since each admission webhook of others may take 30. */
  readonly timeoutSeconds?: number | undefined;
}

/**
 * Asks the API server, by server-side dry runs in the pods' own namespace and with the user's own rights, for a pod as
 * its controller would make it: with the sidecar and, where that decides it, without. Quotas are worked out for all
 * replicas. Nothing is changed; at most nine requests, each bounded in time.
 * @throws INTERRUPTED, KUBECTL_MISSING, CLUSTER_UNREACHABLE when no API server is there
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
  // Quotas come last: what was refused before would be refused with more room too.
  if (without.kind === 'refused' && !without.refusal.exceedsQuota) {
    const same = without.refusal.words === refusal.words;
    return { outcome: 'refused_anyway', refusal: without.refusal, ...(same ? {} : { sidecar: refusal }) };
  }
  // A webhook of others that could not be called has judged nothing, and may be back in a second.
  if (refusal.uncalled && !refusal.names.some((name) => name.includes('packet-capture'))) {
    return { outcome: 'unknown', why: refusal.words };
  }
  const { quotas, present } = around;
  if (quotas === undefined || quotas.length === 0 || present === undefined) return bySidecar(options, around, refusal);
  const replacement = replacementOf(options, around, { kind: 'refused', refusal }, without);
  // A quota may have no room for any pod of the app: then the sidecar takes nothing away.
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

/** The limit ranges that do not admit a pod: the message does not name them. */
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

/** Who may not read quotas or pods has the API server's word on one more pod alone. */
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
