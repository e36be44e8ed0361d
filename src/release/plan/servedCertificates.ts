import { inspect, type RotationStep } from '../../certificates/index.ts';
import { fieldsOf } from '../helm/releaseValues.ts';
import { certificateSecretOf } from '../helm/renderedChart.ts';
import type { ManifestObject } from '../helm/renderedObjects.ts';
import type { CertificatePlan } from './certificates.ts';

/** The certificates in the result of an install; plain data, for people and for `-o json`. */
export interface ServedCertificate {
  readonly mode: string;
  readonly action: CertificatePlan['action'];
  readonly text: string;
  /** When the serving certificate expires, ISO 8601; absent when the chart does not create its Secret. */
  readonly notAfter?: string;
  /** The next step of a rotation that is not complete. */
  readonly nextStep?: RotationStep;
}

/** Reads the certificates that the release serves from its Secret, in every mode. */
export function servedCertificate(
  mode: string,
  plan: CertificatePlan,
  objects: readonly ManifestObject[],
  now: Date,
): ServedCertificate {
  const data = fieldsOf(certificateSecretOf(objects)?.['data']);
  const pem = (key: string): string => Buffer.from(typeof data[key] === 'string' ? data[key] : '', 'base64').toString();
  const { certificates, nextStep } = inspect(
    plan.material ?? { certificate: pem('tls.crt'), caBundle: pem('ca.crt') },
    { now },
  );
  const serving = certificates.find(({ role }) => role === 'serving');
  return {
    mode,
    action: plan.action,
    text: plan.text,
    ...(serving === undefined ? {} : { notAfter: serving.notAfter }),
    ...(nextStep === undefined ? {} : { nextStep }),
  };
}
