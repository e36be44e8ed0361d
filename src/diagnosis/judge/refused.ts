import type { PodVerdict, RefusedPods } from '../../dryRun/index.ts';
import { refuserText } from '../../dryRun/podCheck.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import { templateOf, topOwner } from '../read/podOwners.ts';
import { annotateTemplate } from './advice.ts';
import type { Condition, Subject } from './conditions.ts';
import { inItsTemplate } from './podFindings.ts';
import { reasons, type Reason } from './whyReasons.ts';

/** What the API server answers to a dry run of the next pod. */
export type DryRun =
  | {
      readonly kind: 'made';
      readonly injects: boolean;
      readonly warnings: readonly string[];
      readonly notes: readonly string[];
    }
  | { readonly kind: 'refused'; readonly verdict: RefusedPods }
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * Turns the verdict about the next pod into the result of a dry run. Pure.
 * @param expected whether the rules say that it is injected, for a pod that can only be made later
 */
export function dryRunOf(
  verdict: PodVerdict,
  subject: Subject,
  carries: (pod: PodTemplate) => boolean,
  expected: boolean,
): DryRun {
  if (verdict.outcome === 'unknown') return { kind: 'unknown', why: verdict.why };
  if (verdict.outcome === 'fits') {
    const { pod, warnings, notes } = verdict;
    return { kind: 'made', injects: pod === undefined ? expected : carries(pod), warnings, notes };
  }
  // Such a pod is never created again, and the API server cannot be asked for the pod that the kubelet makes of a
  // static one.
  const owner = topOwner(subject.owners);
  if (verdict.outcome === 'refused_anyway' && (owner === undefined || templateOf(owner) === undefined)) {
    return { kind: 'unknown', why: verdict.refusal.words };
  }
  return { kind: 'refused', verdict };
}

interface Refused {
  readonly reason: Reason;
  /** One sentence. */
  readonly text: string;
  readonly condition: Condition;
  /** A command line or a sentence; never one that would replace a running pod by one that is refused. */
  readonly next: string;
}

/** The verdict on pods that the API server refuses. Pure. */
export function refusedVerdict(subject: Subject, verdict: RefusedPods, carries: boolean): Refused {
  const { refusal } = verdict;
  const condition = { met: false, what: `no pod can be created: ${refuserText(refusal)}: ${refusal.words}` };
  const beginning = carries ? 'It is injected, but no' : 'No';
  if (verdict.outcome === 'refused_anyway') {
    return {
      reason: 'pods_refused',
      text: `${beginning} new pod can be created, with or without the sidecar: ${reasons.pods_refused.text}.`,
      condition,
      next: 'First correct what refuses them. Until then, do not restart the running pods: they would not be replaced.',
    };
  }
  const { annotations, text, proven } = verdict.remedy;
  const byAnnotation = proven && Object.keys(annotations).length > 0 && !inItsTemplate(subject.owners);
  const what = `${beginning} new pod can be created: ${reasons.pods_refused_by_sidecar.text}.`;
  return {
    reason: 'pods_refused_by_sidecar',
    text: byAnnotation ? `${what} ${text}` : what,
    condition,
    next: byAnnotation ? annotateTemplate(subject, annotations) : text,
  };
}

/** Whether the API server accepts another pod like an injected one. Pure. */
export function acceptance(dryRun: DryRun): Condition[] {
  if (dryRun.kind === 'unknown')
    return [{ met: undefined, what: `the API server did not answer for such a pod: ${dryRun.why}` }];
  if (dryRun.kind === 'refused') return [];
  return [
    { met: true, what: 'the API server accepts such a pod (dry run)' },
    ...dryRun.notes.map((what) => ({ met: undefined, what })),
  ];
}
