import type { X509Certificate } from 'node:crypto';
import { codedError } from '../errors.ts';
import { isSignedBy, keyMatches, servedCertificate, type CertificateMaterial, type ServingPair } from './material.ts';
import { readPem, writeBundle } from './pem.ts';

/**
 * The three steps that replace the CA and the serving certificate. The API server trusts the served certificate at
 * every moment, although it may see a new bundle seconds before or after a new certificate is served. After each step
 * the material is rolled out; the next step follows when the whole cluster has it.
 *
 * - `trust-both`: a new CA is added to the bundle. It signs the next serving certificate at once, and its private key
 *   is dropped, because no later step needs it. The old certificate is still served; the new pair is stored as `next`.
 * - `serve-new`: the next pair is served.
 * - `drop-old`: the old CA is removed from the bundle, and the rotation is complete.
 *
 * The next step follows from the material alone, so an interrupted rotation can be continued.
 */
export const rotationSteps = ['trust-both', 'serve-new', 'drop-old'] as const;
/** A step of a rotation. */
export type RotationStep = (typeof rotationSteps)[number];

/**
 * The next step; `trust-both` begins a rotation. If the next certificate is lost or has expired, it is `trust-both`
 * again, with another new CA.
 * @throws ROTATION_REFUSED when the served certificate does not work
 */
export function nextStep(material: CertificateMaterial, now: Date): RotationStep {
  const bundle = readPem(material.caBundle, 'the CA bundle').certificates;
  if (bundle.length > 2)
    throw refused('the bundle contains more than two CAs', 'Remove those that signed no certificate.');
  if (material.next !== undefined && isUsable(material.next, bundle, now)) return 'serve-new';
  const signer = signerOf(material, bundle);
  if (signer === undefined) throw refused('no CA of the bundle signed the serving certificate');
  if (!keyMatches(material)) throw refused('the private key belongs to another certificate');
  const ends = [servedCertificate(material), signer].map(({ validToDate }) => validToDate);
  if (ends.some((end) => end <= now)) throw refused('the serving certificate or its CA has expired');
  // By position, not by date: a CA of the user may be older than the one that it replaces.
  return bundle.length === 2 && signer === bundle[1] ? 'drop-old' : 'trust-both';
}

/** Step 1. `fresh` is a new CA with its serving certificate. @throws ROTATION_REFUSED when another step is due */
export function trustBoth(material: CertificateMaterial, fresh: CertificateMaterial, now: Date): CertificateMaterial {
  expectStep('trust-both', material, now);
  const bundle = readPem(material.caBundle, 'the CA bundle').certificates;
  const trusted = [signerOf(material, bundle), servedCaOf(fresh)].filter((ca) => ca !== undefined);
  return {
    caBundle: writeBundle(trusted),
    certificate: material.certificate,
    key: material.key,
    next: { certificate: fresh.certificate, key: fresh.key },
  };
}

/** Step 2. @throws ROTATION_REFUSED when another step is due */
export function serveNew(material: CertificateMaterial, now: Date): CertificateMaterial {
  expectStep('serve-new', material, now);
  const { certificate, key } = material.next ?? material;
  return { caBundle: material.caBundle, certificate, key };
}

/** Step 3. @throws ROTATION_REFUSED when another step is due */
export function dropOld(material: CertificateMaterial, now: Date): CertificateMaterial {
  expectStep('drop-old', material, now);
  const { certificate, key } = material;
  return { caBundle: writeBundle([servedCaOf(material)].filter((ca) => ca !== undefined)), certificate, key };
}

/** Whether a pair could be served now to clients that trust the bundle. */
export function isUsable(pair: ServingPair, bundle: readonly X509Certificate[], now: Date): boolean {
  if (readPem(pair.certificate, 'the next certificate').certificates.length === 0 || pair.key === '') return false;
  return keyMatches(pair) && signerOf(pair, bundle) !== undefined && servedCertificate(pair).validToDate > now;
}

function servedCaOf(material: CertificateMaterial): X509Certificate | undefined {
  return signerOf(material, readPem(material.caBundle, 'the CA bundle').certificates);
}

function signerOf(pair: ServingPair, bundle: readonly X509Certificate[]): X509Certificate | undefined {
  const certificate = servedCertificate(pair);
  return bundle.find((ca) => isSignedBy(certificate, ca));
}

function expectStep(step: RotationStep, material: CertificateMaterial, now: Date): void {
  const due = nextStep(material, now);
  if (due !== step) throw refused(`the next step is ${due}, not ${step}`, 'Take the steps in their order.');
}

function refused(what: string, hint?: string): Error {
  return codedError('ROTATION_REFUSED', what, hint === undefined ? {} : { hint });
}
