import type { X509Certificate } from 'node:crypto';
import { finding, type Finding } from './certificateFindings.ts';
import { summaryOf, nameOf, type CertificateSummary } from './certificateSummary.ts';
import { daysUntil, renewBeforeDays } from './lifetimes.ts';
import { dnsNamesOf, isSignedBy, keyMatches, type CertificateMaterial } from './material.ts';
import { readPem } from './pem.ts';
import { isUsable, nextStep, type RotationStep } from './rotation.ts';

/** What is checked. */
export interface InspectionOptions {
  readonly now: Date;
  /** The name that the API server calls, see webhookHost; without it, every DNS name is accepted. */
  readonly host?: string;
  /** Whether missing parts are findings. Otherwise only the parts that exist are checked. */
  readonly complete?: boolean;
}

/** The result of {@link inspect}. */
export interface Inspection {
  readonly certificates: readonly CertificateSummary[];
  /** The next step of a rotation that has begun; absent without one. */
  readonly nextStep?: RotationStep;
  /** Empty: there is no problem. */
  readonly findings: readonly Finding[];
}

interface Certificates {
  readonly bundle: readonly X509Certificate[];
  readonly serving: X509Certificate | undefined;
  readonly intermediates: readonly X509Certificate[];
  readonly next: readonly X509Certificate[];
}

/**
 * Checks material as the API server would: validity, chain, key, names and purpose. It uses only node:crypto.
 * @throws CERTIFICATE_INVALID when a part cannot be parsed
 */
export function inspect(material: Partial<CertificateMaterial>, options: InspectionOptions): Inspection {
  const certificates = certificatesOf(material);
  const { bundle, serving, intermediates, next } = certificates;
  const facts = (role: CertificateSummary['role'], of: readonly X509Certificate[]): CertificateSummary[] =>
    of.map((certificate) => summaryOf(role, certificate, options.now));
  const step = rotationUnderWay(material, bundle.length, options.now);
  return {
    certificates: [
      ...facts('ca', bundle),
      ...facts('serving', serving === undefined ? [] : [serving]),
      ...facts('intermediate', intermediates),
      ...facts('next', next),
    ],
    ...(step === undefined ? {} : { nextStep: step }),
    findings: [
      ...missing(material, options),
      ...chainFindings(certificates, options.now),
      ...(serving === undefined ? [] : servingFindings(serving, material, options)),
      ...nextFindings(material, bundle, options.now),
    ],
  };
}

function certificatesOf({ caBundle = '', certificate = '', next }: Partial<CertificateMaterial>): Certificates {
  const [serving, ...intermediates] = readPem(certificate, 'the serving certificate').certificates;
  return {
    bundle: readPem(caBundle, 'the CA bundle').certificates,
    serving,
    intermediates,
    next: readPem(next?.certificate ?? '', 'the next certificate').certificates.slice(0, 1),
  };
}

function missing(material: Partial<CertificateMaterial>, { complete, host }: InspectionOptions): Finding[] {
  const parts = [
    ['caBundle', 'ca_missing'],
    ['certificate', 'serving_certificate_missing'],
    ['key', 'key_missing'],
  ] as const;
  const absent = parts.filter(([part]) => !(material[part] ?? '').includes('-----BEGIN '));
  // A host can be checked only with a serving certificate.
  const wanted = absent.filter(([part]) => complete === true || (part === 'certificate' && host !== undefined));
  return wanted.map(([part, code]) => finding(code, part));
}

function chainFindings({ bundle, serving, intermediates }: Certificates, now: Date): Finding[] {
  const anchor = serving === undefined ? undefined : anchorOf(serving, intermediates, bundle, now);
  // The other CA of a rotation may have expired, because nothing depends on it.
  const watched = anchor === undefined ? bundle : [anchor];
  const unsigned = serving !== undefined && bundle.length > 0 && anchor === undefined;
  return [
    ...bundle.filter((ca) => !ca.ca).map((ca) => finding('not_a_ca', nameOf(ca))),
    ...watched.flatMap((ca) => validity(ca, now)),
    ...(unsigned ? [finding('not_signed_by_ca', nameOf(serving))] : []),
  ];
}

/** The CA of the bundle where the chain ends, directly or through valid intermediate certificates. */
function anchorOf(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  bundle: readonly X509Certificate[],
  now: Date,
): X509Certificate | undefined {
  const ca = bundle.find((candidate) => candidate.ca && isSignedBy(leaf, candidate));
  if (ca !== undefined) return ca;
  for (const [index, issuer] of intermediates.entries()) {
    if (!issuer.ca || !isSignedBy(leaf, issuer) || issuer.validToDate <= now) continue;
    const anchor = anchorOf(issuer, intermediates.toSpliced(index, 1), bundle, now);
    if (anchor !== undefined) return anchor;
  }
  return undefined;
}

function servingFindings(
  serving: X509Certificate,
  { certificate = '', key = '' }: Partial<CertificateMaterial>,
  { now, host }: InspectionOptions,
): Finding[] {
  const keyFits = key === '' || keyMatches({ certificate, key });
  // Without an extended key usage every use is allowed (RFC 5280 4.2.1.12). Node names the property keyUsage.
  const usages = serving.keyUsage as string[] | undefined;
  return [
    ...validity(serving, now),
    ...(keyFits ? [] : [finding('key_mismatch', nameOf(serving))]),
    ...nameFindings(serving, host),
    ...(usages === undefined || usages.includes(serverAuth) ? [] : [finding('wrong_purpose', nameOf(serving))]),
  ];
}

/** id-kp-serverAuth, RFC 5280 4.2.1.12. */
const serverAuth = '1.3.6.1.5.5.7.3.1';

function nameFindings(serving: X509Certificate, host: string | undefined): Finding[] {
  const names = dnsNamesOf(serving);
  // Without a DNS name Node uses the common name; Go does not.
  if (names.length === 0) return [finding('san_missing', nameOf(serving))];
  if (host === undefined || serving.checkHost(host) !== undefined) return [];
  return [finding('san_mismatch', nameOf(serving), `${host} is not among ${names.join(', ')}`)];
}

function validity(certificate: X509Certificate, now: Date): Finding[] {
  const where = nameOf(certificate);
  const { validFromDate, validToDate } = certificate;
  const end = validToDate.toISOString();
  if (validFromDate > now) return [finding('not_yet_valid', where, validFromDate.toISOString())];
  if (validToDate <= now) return [finding('expired', where, end)];
  return daysUntil(validToDate, now) < renewBeforeDays ? [finding('expires_soon', where, end)] : [];
}

function nextFindings(
  { next }: Partial<CertificateMaterial>,
  bundle: readonly X509Certificate[],
  now: Date,
): Finding[] {
  return next === undefined || isUsable(next, bundle, now) ? [] : [finding('next_unusable', 'next')];
}

function rotationUnderWay(material: Partial<CertificateMaterial>, cas: number, now: Date): RotationStep | undefined {
  const { caBundle = '', certificate = '', key = '', next } = material;
  if ((next === undefined && cas !== 2) || caBundle === '' || certificate === '' || key === '') return undefined;
  try {
    return nextStep({ caBundle, certificate, key, ...(next === undefined ? {} : { next }) }, now);
  } catch {
    // The findings contain what prevents the rotation.
    return undefined;
  }
}
