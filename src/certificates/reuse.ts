import type { Finding } from './certificateFindings.ts';
import type { CertificateAuthority } from './forge.ts';
import { inspect } from './inspect.ts';
import { servedCertificate, type CertificateMaterial } from './material.ts';
import { readPem } from './pem.ts';
import { webhookHost } from './servingNames.ts';

/**
 * What an install or upgrade does with the certificates that it finds.
 *
 * - `keep`: they are good; not a byte changes.
 * - `renew-serving`: the CA is good and its key is at hand: a new serving certificate, the same bundle. One step.
 * - `rotate`: they work, but not much longer, and the CA's key is gone: a rotation, which loses no call.
 * - `new`: there are none, or what is there does not work, so that nothing can be lost.
 */
export type ReuseAction = 'keep' | 'renew-serving' | 'rotate' | 'new';

export interface ReuseDecision {
  readonly action: ReuseAction;
  /** Why not `keep`; empty for material that was not there. */
  readonly findings: readonly Finding[];
}

export interface ReuseQuestion {
  readonly material: Partial<CertificateMaterial> | undefined;
  readonly service: string;
  readonly namespace: string;
  readonly now: Date;
  /** A CA of the user's own, when its key is at hand. */
  readonly ca?: CertificateAuthority | undefined;
}

/** @throws CERTIFICATE_INVALID when the material cannot be read at all */
export function decideReuse({ material, service, namespace, now, ca }: ReuseQuestion): ReuseDecision {
  if (material === undefined) return { action: 'new', findings: [] };
  const { findings } = inspect(material, { now, host: webhookHost(service, namespace), complete: true });
  // A broken next certificate concerns the rotation, not what is served.
  const served = findings.filter(({ code }) => code !== 'next_unusable');
  if (served.length === 0) return { action: 'keep', findings };
  if (ca !== undefined && isTrusted(ca, material, now)) return { action: 'renew-serving', findings };
  return { action: served.every(({ code }) => code === 'expires_soon') ? 'rotate' : 'new', findings };
}

/** Whether clients of the bundle already trust what this CA signs, and will for a while. */
function isTrusted(ca: CertificateAuthority, { caBundle = '' }: Partial<CertificateMaterial>, now: Date): boolean {
  if (inspect({ caBundle: ca.certificate }, { now }).findings.length > 0) return false;
  const { fingerprint256 } = servedCertificate(ca, "the CA's certificate");
  return readPem(caBundle, 'the CA bundle').certificates.some((trusted) => trusted.fingerprint256 === fingerprint256);
}
