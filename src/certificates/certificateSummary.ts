import type { X509Certificate } from 'node:crypto';
import { daysUntil } from './lifetimes.ts';
import { dnsNamesOf } from './material.ts';

/** A certificate as plain data, for people and for `-o json`. */
export interface CertificateSummary {
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

/** The summary of a certificate. */
export function summaryOf(
  role: CertificateSummary['role'],
  certificate: X509Certificate,
  now: Date,
): CertificateSummary {
  return {
    role,
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    serial: certificate.serialNumber.toLowerCase(),
    dnsNames: dnsNamesOf(certificate),
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
    daysLeft: daysUntil(certificate.validToDate, now),
    fingerprint: certificate.fingerprint256,
  };
}

/** The name of a certificate in findings. */
export function nameOf(certificate: X509Certificate): string {
  return oneLine(certificate.subject) || `serial ${certificate.serialNumber.toLowerCase()}`;
}

/** Node has one line for each attribute, and undefined for an empty subject, although its types differ. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}
