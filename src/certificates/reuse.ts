import type { Finding } from './certificateFindings.ts';
import type { CertificateAuthority } from './forge.ts';
import { inspect } from './inspect.ts';
import { servedCertificate, type CertificateMaterial } from './material.ts';
import { readPem } from './pem.ts';
import { webhookHost } from './servingNames.ts';

/**
 * What an install or upgrade does with the certificates that it finds.
 *
 * - `keep`: they are valid and stay unchanged.
 * - `renew-serving`: the CA is valid and its key is given, so it signs a new serving certificate. The bundle stays.
 * - `rotate`: they expire soon, and the CA's key is not given. A rotation in steps, during which every call works.
 * - `new`: there are none, or they do not work, so that no working call can fail.
 */
export type ReuseAction = 'keep' | 'renew-serving' | 'rotate' | 'new';

/** What is done, and why. */
export interface ReuseDecision {
  readonly action: ReuseAction;
  /** Why they are not kept; empty if there was no material. */
  readonly findings: readonly Finding[];
}

/** The certificates, and what they are needed for. */
export interface ReuseQuestion {
  readonly material: Partial<CertificateMaterial> | undefined;
  readonly service: string;
  readonly namespace: string;
  readonly now: Date;
  /** The user's CA, if its key is given. */
  readonly ca?: CertificateAuthority | undefined;
}

/** Decides what to do with certificates. @throws CERTIFICATE_INVALID when they cannot be parsed */
export function decideReuse({ material, service, namespace, now, ca }: ReuseQuestion): ReuseDecision {
  if (material === undefined) return { action: 'new', findings: [] };
  const { findings } = inspect(material, { now, host: webhookHost(service, namespace), complete: true });
  // A broken next certificate matters to the rotation only; it is not served.
  const served = findings.filter(({ code }) => code !== 'next_unusable');
  if (served.length === 0) return { action: 'keep', findings };
  if (ca !== undefined && isTrusted(ca, material, now)) return { action: 'renew-serving', findings };
  return { action: served.every(({ code }) => code === 'expires_soon') ? 'rotate' : 'new', findings };
}

/** Whether the bundle contains this CA, and it does not expire soon. */
function isTrusted(ca: CertificateAuthority, { caBundle = '' }: Partial<CertificateMaterial>, now: Date): boolean {
  if (inspect({ caBundle: ca.certificate }, { now }).findings.length > 0) return false;
  const { fingerprint256 } = servedCertificate(ca, "the CA's certificate");
  return readPem(caBundle, 'the CA bundle').certificates.some((trusted) => trusted.fingerprint256 === fingerprint256);
}
