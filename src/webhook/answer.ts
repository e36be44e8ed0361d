import type { Verdict } from './decide.ts';
import type { Review } from './review.ts';

/** The AdmissionReview to send back, as JSON text. It always allows the request. */
export function formatAnswer({ apiVersion, uid }: Review, verdict: Verdict): string {
  const { reason } = verdict;
  const response = {
    uid,
    allowed: true,
    ...(verdict.decision === 'skipped' && verdict.warnings.length > 0 ? { warnings: verdict.warnings } : {}),
    // A second call for the same pod may not change an audit annotation; the API server would complain in its log.
    ...(reason === 'already_injected' ? {} : { auditAnnotations: { decision: reason } }),
  };
  const answer = JSON.stringify({ apiVersion, kind: 'AdmissionReview', response });
  if (verdict.decision === 'skipped') return answer;
  // Base64 needs no escaping, and is most of the answer: it is not serialised again for each pod.
  return `${answer.slice(0, -2)},"patchType":"JSONPatch","patch":"${verdict.patch.base64}"}}`;
}
