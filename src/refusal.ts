import type { ErrorCode } from './errors.ts';

/**
 * How the API server says no, whoever hands its words on: kubectl, helm, or its own answer with status 403. This is the
 * only place that knows these words.
 *
 * Authorization names a user and what that user cannot do; every other 403 comes from admission.
 * @see k8s.io/apiserver pkg/endpoints/handlers/responsewriters/errors.go (forbiddenMessage),
 * k8s.io/apiserver pkg/admission/errors.go (NewForbidden), k8s.io/pod-security-admission admission/admission.go,
 * k8s.io/apiserver pkg/admission/plugin/webhook/errors/statuserror.go
 */
const patterns: readonly (readonly [ErrorCode, RegExp])[] = [
  ['POD_SECURITY', /\bviolates PodSecurity\b/],
  ['FORBIDDEN', /\b[Uu]ser "[^"]*" cannot \w+ (?:resource |path |resources )?"/],
  ['ADMISSION_DENIED', /\badmission webhook ".*" denied the request|\bValidatingAdmissionPolicy '.*' .*denied request/],
  ['ADMISSION_DENIED', /\bis forbidden: (?!User )\S/],
  // A proxy in front of the API server, or an authorizer that gives no reason.
  ['FORBIDDEN', /\(Forbidden\)|\bis forbidden\b/],
];

/** The code of a refusal: FORBIDDEN, POD_SECURITY or ADMISSION_DENIED; undefined for text that is no refusal. */
export function refusalCode(text: string): ErrorCode | undefined {
  return patterns.find(([, pattern]) => pattern.test(text))?.[0];
}
