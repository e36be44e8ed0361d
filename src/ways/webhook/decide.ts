import { planInjection, type Addition, type LeftOut } from '../../inject/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import { injectAnnotation } from '../../settings/index.ts';
import type { SidecarConfig } from '../../sidecar/index.ts';
import type { WebhookName } from './names.ts';
import { patchFor, type VerifiedPatch } from './patchCache.ts';
import { isPod } from './pod.ts';
import { probeAddition } from './probeAddition.ts';
import type { Review } from './review.ts';
import { leftOutWarnings, warningsFor, type InjectedReason, type SkippedReason } from './reviewReasons.ts';
import { hasTooLargeAnnotations } from './validity.ts';

/** What an injector is configured with; `config` is replaced when its file changes. */
export interface InjectorOptions {
  readonly config: SidecarConfig;
  /** The key of the annotation by which a pod asks for injection. */
  readonly annotation: string;
  /** Whether pods are injected unless that annotation is "false". */
  readonly optOut: boolean;
}

/** What happens to a pod, and why. The warnings are for the user; kubectl prints them. */
export type Verdict =
  | {
      readonly decision: 'injected';
      readonly reason: InjectedReason;
      readonly patch: VerifiedPatch;
      readonly warnings: readonly string[];
    }
  | {
      readonly decision: 'skipped';
      readonly reason: SkippedReason;
      readonly warnings: readonly string[];
      /** Why the patch was not sent, for the log. */
      readonly doubt?: string;
    };

/**
 * Decides what happens to a pod. It never throws, so that every pod is created, with the sidecar or without.
 * @param webhook the webhook that was called: it implies the Pod Security level of the namespace
 */
export function decide(review: Review, webhook: WebhookName, options: InjectorOptions): Verdict {
  try {
    return decideOrThrow(review, webhook, options);
  } catch (error) {
    return doubtful(error instanceof Error ? error.name : 'error');
  }
}

/** The verdict for a review that is too large to be parsed. @param excess why, for the log */
export function unread(excess: string): Verdict {
  return doubtful(excess);
}

function decideOrThrow(review: Review, webhook: WebhookName, options: InjectorOptions): Verdict {
  const { object: pod } = review;
  if (review.apiVersion !== 'admission.k8s.io/v1') return skipped('unsupported_version');
  if (!review.createsPod) return skipped('not_pod_creation');
  if (hasTooLargeAnnotations(pod)) return doubtful('the annotations are too large');
  if (!isPod(pod)) return skipped('malformed_pod');
  if (webhook === 'probe') {
    const addition = probeAddition(pod, options.config);
    return typeof addition === 'string' ? skipped(addition) : injected(pod, addition, 'probe');
  }
  const choice = choiceOf(pod, options);
  if (choice === 'not_opted_in' || choice === 'opted_out') return skipped(choice);
  const plan = planInjection(pod, {
    config: options.config,
    settings: {},
    podSecurity: webhook,
    namespace: review.namespace,
    atAdmission: true,
  });
  return plan.inject ? injected(pod, plan.addition, choice, plan.leftOut) : skipped(plan.reason);
}

/** The pod's choice. `packet-capture/inject: "false"` always refuses, also when another key is configured. */
function choiceOf(
  { metadata }: PodTemplate,
  { annotation, optOut }: InjectorOptions,
): InjectedReason | 'not_opted_in' | 'opted_out' {
  const annotations = metadata?.annotations ?? {};
  const asked = Object.hasOwn(annotations, annotation) ? annotations[annotation] : undefined;
  if (asked === 'false' || annotations[injectAnnotation] === 'false') return 'opted_out';
  if (asked === 'true') return 'opted_in';
  return optOut ? 'not_opted_out' : 'not_opted_in';
}

function injected(
  pod: PodTemplate,
  addition: Addition,
  reason: InjectedReason,
  leftOut: readonly LeftOut[] = [],
): Verdict {
  const { patch, doubt } = patchFor(pod, addition);
  return patch === undefined
    ? doubtful(doubt)
    : { decision: 'injected', reason, patch, warnings: leftOutWarnings(leftOut) };
}

function skipped(reason: SkippedReason): Verdict {
  return { decision: 'skipped', reason, warnings: warningsFor(reason) };
}

function doubtful(doubt: string): Verdict {
  return { decision: 'skipped', reason: 'patch_doubtful', warnings: warningsFor('patch_doubtful'), doubt };
}
