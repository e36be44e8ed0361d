import type { Verdict } from './decide.ts';
import type { Review } from './review.ts';

/** The AdmissionReview to send back, as JSON text. It always allows the request. */
export function formatAnswer({ apiVersion, uid }: Review, verdict: Verdict): string {
  const { reason } = verdict;
  return JSON.stringify({
    apiVersion,
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: true,
      ...(verdict.decision === 'injected' ? { patchType: 'JSONPatch', patch: Buffer.from(verdict.patch).toString('base64') } : {}),
      ...(verdict.decision === 'skipped' && verdict.warnings.length > 0 ? { warnings: verdict.warnings } : {}),
      // A second call for the same pod may not change an audit annotation; the API server would complain in its log.
      ...(reason === 'already_injected' ? {} : { auditAnnotations: { decision: reason } }),
    },
  });
}
