import type { Verdict } from './decide.ts';
import type { Review } from './review.ts';

/** Formats the AdmissionReview to send back. It always allows the request. */
export function formatAnswer({ apiVersion, uid }: Pick<Review, 'apiVersion' | 'uid'>, verdict: Verdict): string {
  const { reason, warnings } = verdict;
  const response = {
    uid,
    allowed: true,
    ...(warnings.length > 0 ? { warnings } : {}),
    // When a second call for the same pod changes an audit annotation, the API server logs a warning.
    ...(reason === 'already_injected' ? {} : { auditAnnotations: { decision: reason } }),
    ...(verdict.decision === 'injected' ? { patchType: 'JSONPatch', patch: verdict.patch.base64 } : {}),
  };
  return JSON.stringify({ apiVersion, kind: 'AdmissionReview', response });
}
