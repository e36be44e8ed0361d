import type { X509Certificate } from 'node:crypto';
import { finding, type Finding, type FindingCode } from './findings.ts';
import { daysUntil, renewBeforeDays } from './lifetimes.ts';
import { dnsNamesOf, isSignedBy, keyMatches, type CertificateMaterial } from './material.ts';
import { readPem } from './pem.ts';
import { isUsable, nextStep, type RotationStep } from './rotation.ts';

export interface InspectionOptions {
  readonly now: Date;
  /** The name that the API server calls, see webhookHost; without it any DNS name will do. */
  readonly host?: string;
  /** Parts that are missing are findings; without it only what is there is checked. */
  readonly complete?: boolean;
}

export interface Inspection {
  readonly certificates: readonly CertificateFacts[];
  /** The step of a rotation that is under way; absent when none is. */
  readonly nextStep?: RotationStep;
  /** Empty: all is well. */
  readonly findings: readonly Finding[];
}

export interface CertificateFacts {
  readonly role: 'ca' | 'serving' | 'intermediate' | 'next';
  readonly subject: string;
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serial: string;
  readonly dnsNames: readonly string[];
  /** ISO 8601, UTC. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Rounded down; negative when it has expired. */
  readonly daysLeft: number;
  /** SHA-256, hexadecimal pairs. */
  readonly fingerprint: string;
}

/**
 * Looks at material as the API server would, by node:crypto alone: validity, chain, key, names, purpose.
 * @throws CERTIFICATE_INVALID when something cannot be read at all
 */
export function inspect(material: Partial<CertificateMaterial>, options: InspectionOptions): Inspection {
  const { now } = options;
  const bundle = readPem(material.caBundle ?? '', 'the CA bundle').certificates;
  const [serving, ...intermediates] = readPem(material.certificate ?? '', 'the serving certificate').certificates;
  const next = readPem(material.next?.certificate ?? '', 'the next certificate').certificates.slice(0, 1);
  const anchor = serving === undefined ? undefined : anchorOf(serving, intermediates, bundle, now);
  // The other CA of a rotation may be as old as it likes: nothing depends on it.
  const watched = anchor === undefined ? bundle : [anchor];
  const findings = [
    ...(options.complete === true ? missing(material) : []),
    ...bundle.filter((ca) => !ca.ca).map((ca) => finding('not_a_ca', nameOf(ca))),
    ...watched.flatMap((ca) => validity(ca, now)),
    ...(serving === undefined ? [] : servingFindings(serving, material, anchor === undefined && bundle.length > 0, options)),
    ...(material.next === undefined || isUsable(material.next, bundle, now) ? [] : [finding('next_unusable', 'next')]),
  ];
  const step = rotationUnderWay(material, now);
  return {
    certificates: [
      ...bundle.map((certificate) => facts('ca', certificate, now)),
      ...(serving === undefined ? [] : [facts('serving', serving, now)]),
      ...intermediates.map((certificate) => facts('intermediate', certificate, now)),
      ...next.map((certificate) => facts('next', certificate, now)),
    ],
    ...(step === undefined ? {} : { nextStep: step }),
    findings,
  };
}

function missing(material: Partial<CertificateMaterial>): Finding[] {
  const parts = [['caBundle', 'ca_missing'], ['certificate', 'certificate_missing'], ['key', 'key_missing']] as const;
  return parts.flatMap(([part, code]) => ((material[part] ?? '').includes('-----BEGIN ') ? [] : [finding(code, part)]));
}

function servingFindings(serving: X509Certificate, material: Partial<CertificateMaterial>, unsigned: boolean, { now, host }: InspectionOptions): Finding[] {
  const { certificate = '', key = '' } = material;
  const names = dnsNamesOf(serving);
  const where = nameOf(serving);
  const check = (bad: boolean, code: FindingCode, more?: string): Finding[] => (bad ? [finding(code, where, more)] : []);
  return [
    ...validity(serving, now),
    ...check(unsigned, 'not_signed_by_ca'),
    ...check(key !== '' && !keyMatches({ certificate, key }), 'key_mismatch'),
    ...check(names.length === 0, 'san_missing'),
    ...check(host !== undefined && names.length > 0 && serving.checkHost(host, { subject: 'never' }) === undefined, 'san_mismatch', `${host} is not among ${names.join(', ')}`),
    // No extended key usage at all permits every use, RFC 5280 4.2.1.12. Node's name for it leaves out "extended".
    ...check((serving.keyUsage as string[] | undefined)?.includes(serverAuth) === false, 'wrong_purpose'),
  ];
}

/** id-kp-serverAuth, RFC 5280 4.2.1.12. */
const serverAuth = '1.3.6.1.5.5.7.3.1';

/** The CA of the bundle where the chain ends, by way of valid intermediate certificates if need be. */
function anchorOf(leaf: X509Certificate, intermediates: readonly X509Certificate[], bundle: readonly X509Certificate[], now: Date): X509Certificate | undefined {
  const ca = bundle.find((candidate) => candidate.ca && isSignedBy(leaf, candidate));
  if (ca !== undefined) return ca;
  for (const [index, issuer] of intermediates.entries()) {
    if (!issuer.ca || !isSignedBy(leaf, issuer) || issuer.validToDate <= now) continue;
    const anchor = anchorOf(issuer, intermediates.toSpliced(index, 1), bundle, now);
    if (anchor !== undefined) return anchor;
  }
  return undefined;
}

function validity(certificate: X509Certificate, now: Date): Finding[] {
  const where = nameOf(certificate);
  const { validFromDate, validToDate } = certificate;
  if (validFromDate > now) return [finding('not_yet_valid', where, validFromDate.toISOString())];
  if (validToDate <= now) return [finding('expired', where, validToDate.toISOString())];
  return daysUntil(validToDate, now) < renewBeforeDays ? [finding('expires_soon', where, validToDate.toISOString())] : [];
}

function rotationUnderWay(material: Partial<CertificateMaterial>, now: Date): RotationStep | undefined {
  const { caBundle = '', certificate = '', key = '', next } = material;
  if (caBundle === '' || certificate === '' || key === '') return undefined;
  const underWay = next !== undefined || readPem(caBundle, 'the CA bundle').certificates.length === 2;
  try {
    return underWay ? nextStep({ caBundle, certificate, key, ...(next === undefined ? {} : { next }) }, now) : undefined;
  } catch {
    // What stands in the way of the rotation is among the findings.
    return undefined;
  }
}

function nameOf(certificate: X509Certificate): string {
  return certificate.subject.split('\n').join(', ') || `serial ${certificate.serialNumber}`;
}

function facts(role: CertificateFacts['role'], certificate: X509Certificate, now: Date): CertificateFacts {
  return {
    role,
    subject: certificate.subject.split('\n').join(', '),
    issuer: certificate.issuer.split('\n').join(', '),
    serial: certificate.serialNumber.toLowerCase(),
    dnsNames: dnsNamesOf(certificate),
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
    daysLeft: daysUntil(certificate.validToDate, now),
    fingerprint: certificate.fingerprint256,
  };
}
