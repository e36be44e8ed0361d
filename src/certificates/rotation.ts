import type { X509Certificate } from 'node:crypto';
import { codedError } from '../errors.ts';
import { isSignedBy, keyMatches, servedCertificate, type CertificateMaterial, type ServingPair } from './material.ts';
import { readPem, writeBundle } from './pem.ts';

/**
 * The three steps that exchange the CA and the serving certificate without a moment in which the API server trusts
 * neither: it may see a new bundle seconds after a new certificate is served, or before. After each step the material
 * is rolled out; the next one follows when the whole cluster has it.
 *
 * - `trust-both`: a new CA joins the bundle. It signs the next serving certificate in the same moment and its private
 *   key is dropped, so no later step needs it. The old certificate is still served; the new pair waits as `next`.
 * - `serve-new`: the pair that waited is served.
 * - `drop-old`: the old CA leaves the bundle, and the rotation is done.
 *
 * Which one comes next is read from the material alone, so an interrupted rotation goes on from where it was.
 */
export const rotationSteps = ['trust-both', 'serve-new', 'drop-old'] as const;
export type RotationStep = (typeof rotationSteps)[number];

/**
 * The step that comes next; `trust-both` begins a rotation. When the next certificate was lost or has expired, it is
 * `trust-both` again, with another new CA.
 * @throws ROTATION_REFUSED when what is served does not work, so that there is nothing to keep working
 */
export function nextStep(material: CertificateMaterial, now: Date): RotationStep {
  const bundle = readPem(material.caBundle, 'the CA bundle').certificates;
  if (bundle.length > 2) throw refused('the bundle holds more than two CAs', 'Take out those that sign nothing.');
  if (material.next !== undefined && isUsable(material.next, bundle, now)) return 'serve-new';
  const signer = signerOf(material, bundle);
  if (signer === undefined) throw refused('no CA of the bundle signed the serving certificate');
  if (!keyMatches(material)) throw refused('the private key belongs to another certificate');
  const ends = [servedCertificate(material), signer].map(({ validToDate }) => validToDate);
  if (ends.some((end) => end <= now)) throw refused('the serving certificate or its CA has expired');
  // By place, not by date: a CA of the user's own may well be older than the one that it follows.
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
