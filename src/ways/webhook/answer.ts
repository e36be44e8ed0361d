import type { Verdict } from './decide.ts';
import type { Review } from './review.ts';

/** The AdmissionReview to send back, as JSON text. It always allows the request. */
export function formatAnswer({ apiVersion, uid }: Pick<Review, 'apiVersion' | 'uid'>, verdict: Verdict): string {
  if (verdict.decision === 'injected') {
    const { reason, patch, warnings } = verdict;
    const warned = warnings.length === 0 ? '' : `,"warnings":${JSON.stringify(warnings)}`;
    // Base64 is most of the answer and needs no escaping, so it is not serialised again for each pod.
    return `{"apiVersion":${JSON.stringify(apiVersion)},"kind":"AdmissionReview","response":{"uid":${JSON.stringify(uid)},"allowed":true${warned},"auditAnnotations":{"decision":"${reason}"},"patchType":"JSONPatch","patch":"${patch.base64}"}}`;
  }
  const { reason, warnings } = verdict;
  const response = {
    uid,
    allowed: true,
    ...(warnings.length > 0 ? { warnings } : {}),
    // A second call for the same pod may not change an audit annotation; the API server would complain in its log.
    ...(reason === 'already_injected' ? {} : { auditAnnotations: { decision: reason } }),
  };
  return JSON.stringify({ apiVersion, kind: 'AdmissionReview', response });
}
