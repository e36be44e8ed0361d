import type { CertificateAuthority } from './forge.ts';
import { makeMaterial, makeServing, type CertificateRequest } from './make.ts';
import { dnsNamesOf, servedCertificate, type CertificateMaterial } from './material.ts';
import { makeRandomness, makeServingRandomness } from './randomness.ts';
import { dropOld, nextStep, serveNew, trustBoth, type RotationStep } from './rotation.ts';

/**
 * New material with new keys, signed by `ca` or by a new CA whose private key is not kept.
 * @throws CERTIFICATE_INVALID for a CA that cannot sign
 */
export async function issueMaterial(
  request: CertificateRequest,
  ca?: CertificateAuthority,
): Promise<CertificateMaterial> {
  if (ca !== undefined) return makeServing(request, await makeServingRandomness(), ca);
  return makeMaterial(request, await makeRandomness());
}

/** The result of one step of a rotation. */
export interface Rotated {
  /** The step that was taken. */
  readonly step: RotationStep;
  readonly material: CertificateMaterial;
}

/**
 * Takes the next step of a rotation, or begins one. The DNS names stay those of the certificate.
 * @throws ROTATION_REFUSED, CERTIFICATE_INVALID
 */
export async function rotateOnce(
  material: CertificateMaterial,
  request: Omit<CertificateRequest, 'dnsNames'>,
): Promise<Rotated> {
  const { now } = request;
  const step = nextStep(material, now);
  if (step === 'serve-new') return { step, material: serveNew(material, now) };
  if (step === 'drop-old') return { step, material: dropOld(material, now) };
  const dnsNames = dnsNamesOf(servedCertificate(material));
  return { step, material: trustBoth(material, await issueMaterial({ ...request, dnsNames }), now) };
}
