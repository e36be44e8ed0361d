import { codedError, type CodedError } from '../errors.ts';
import type { PodTemplate } from '../kubernetes/api/types.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import { restartOf } from '../kubernetes/updateStrategy.ts';
import type { Workload } from '../kubernetes/workload.ts';
import { askForPod, dryRunPods, podOf, type PodVerdict, type Refusal } from './index.ts';

/** A change of a workload: its pod template before and after. */
export interface PodCheck {
  readonly kubectl: Kubectl;
  readonly workload: Workload;
  /** The pod template with the sidecar, or asking for it, as the API server would store it. */
  readonly with: PodTemplate;
  readonly without: PodTemplate;
  /** Turns a refusal into a warning. */
  readonly force: boolean;
}

/**
 * Checks that the app's pods can still be created after a change of a pod template. Limit ranges, quotas, Pod Security
 * and other policies refuse pods, not workloads, so the API server would accept the change itself.
 * @returns warnings
 * @throws POD_SECURITY, NOT_INJECTABLE and as {@link dryRunPods}
 */
export async function checkPods({ workload, force, ...options }: PodCheck): Promise<string[]> {
  const { object, namespace, where } = workload;
  const verdict = await dryRunPods({ ...options, object, namespace });
  const problem = problemOf(verdict, restartOf(object).rollout);
  if (problem === undefined) return notesOf(verdict);
  if (force) return [`${problem.what}; changed anyway (--force)`];
  const hint = `${problem.remedy} ${stays}`;
  throw codedError(problem.code, problem.what, { where, hint });
}

/** Why a change would leave an app without pods. */
export interface PodProblem {
  readonly code: CodedError['code'];
  /** The problem as a clause. */
  readonly what: string;
  /** What to do, as sentences. */
  readonly remedy: string;
}

/** The problem that stops a change; undefined without one. @param rollout whether the change replaces running pods */
export function problemOf(verdict: PodVerdict, rollout: boolean): PodProblem | undefined {
  if (verdict.outcome === 'refused_by_sidecar') {
    const { refusal, remedy } = verdict;
    return {
      code: codeOf(refusal),
      what: `its pods would be refused with the sidecar, by ${refuserText(refusal)}: ${refusal.words}`,
      remedy: remedy.text,
    };
  }
  if (verdict.outcome !== 'refused_anyway' || !rollout) return undefined;
  return {
    code: 'NOT_INJECTABLE',
    what: `no pod can be created now, with or without the sidecar, so a rollout would remove pods without replacing them: ${refuserText(verdict.refusal)}: ${verdict.refusal.words}`,
    remedy: 'Fix that first.',
  };
}

function notesOf(verdict: PodVerdict): string[] {
  if (verdict.outcome === 'fits') return [...verdict.notes];
  if (verdict.outcome === 'unknown')
    return [`it is not known whether its pods can be created with the sidecar: ${verdict.why}`];
  return [`no pod can be created now, with or without the sidecar: ${verdict.refusal.words}`];
}

/**
 * The same check for a template that loses the sidecar: a LimitRange may require more of a pod than the app alone has,
 * and a policy may be newer than the running pods. A change that replaces no pod is always allowed.
 * @throws POD_SECURITY, NOT_INJECTABLE and as {@link askForPod}
 */
export async function checkPodsWithout({
  kubectl,
  workload,
  without,
  force,
}: Omit<PodCheck, 'with'>): Promise<string[]> {
  const { object, namespace, where } = workload;
  const answer = await askForPod(kubectl, podOf(object, without), namespace);
  if (answer.kind === 'no_answer')
    return [`it is not known whether its pods can be created without the sidecar: ${answer.noAnswer.why}`];
  // Without the sidecar, a pod needs no more of a quota than before.
  if (answer.kind === 'made' || answer.refusal.exceedsQuota) return [];
  const { refusal } = answer;
  const what = `its pods would be refused without the sidecar, by ${refuserText(refusal)}: ${refusal.words}`;
  if (force || !restartOf(object).rollout) return [what];
  throw codedError(codeOf(refusal), what, {
    where,
    hint: `A rollout would remove pods without replacing them. ${stays}`,
  });
}

const stays = 'Nothing was changed; --force changes it anyway.';

function codeOf({ by }: Refusal): CodedError['code'] {
  return by === 'pod_security' ? 'POD_SECURITY' : 'NOT_INJECTABLE';
}

const refusers: Readonly<Record<Refusal['by'], string>> = {
  limit_range: 'the LimitRange',
  resource_quota: 'the ResourceQuota',
  pod_security: 'Pod Security',
  admission_policy: 'the ValidatingAdmissionPolicy',
  webhook: 'the admission webhook',
  scc: 'the security context constraints',
  other: 'the API server',
};

/** Who refuses, for messages: `the LimitRange no-overcommit`. */
export function refuserText({ by, names }: Refusal): string {
  return names.length === 0 ? refusers[by] : `${refusers[by]} ${names.join(', ')}`;
}
