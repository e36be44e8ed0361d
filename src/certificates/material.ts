import type { X509Certificate } from 'node:crypto';
import { codedError } from '../errors.ts';
import { readKey, readPem, writeBundle, type PemContent } from './pem.ts';

/**
 * What an injector needs for TLS, as PEM text.
 *
 * - `caBundle` is public: ca.crt of the folder or Secret, `certs.caBundle` of the values, caBundle of the webhook.
 * - The injector serves `certificate` and `key`: tls.crt and tls.key of the folder or Secret, `certs.certificate` and
 *   `certs.key` of the values.
 * - `next` exists only between steps 1 and 2 of a rotation: next.pem of the folder, `certs.next` of the values. In the
 *   cluster only Helm's record of the release contains it.
 *
 * The private key of a CA is not part of it: the CA signs one serving certificate, then its key is dropped.
 */
export interface CertificateMaterial extends ServingPair {
  /** One CA; during a rotation two, the old one first. */
  readonly caBundle: string;
  readonly next?: ServingPair;
}

/** A serving certificate (intermediate certificates may follow it) and its private key. */
export interface ServingPair {
  readonly certificate: string;
  readonly key: string;
}

/** The serving certificate itself. @throws CERTIFICATE_INVALID */
export function servedCertificate(pair: ServingPair, where = 'the serving certificate'): X509Certificate {
  const [certificate] = readPem(pair.certificate, where).certificates;
  if (certificate === undefined) throw codedError('CERTIFICATE_INVALID', 'there is no certificate', { where });
  return certificate;
}

/** Whether the private key is that of the certificate. @throws CERTIFICATE_INVALID */
export function keyMatches(pair: ServingPair, where = 'the private key'): boolean {
  return servedCertificate(pair).checkPrivateKey(readKey(pair.key, where));
}

/** Whether `ca` signed `certificate`: names, key identifiers, key usage and the signature itself. */
export function isSignedBy(certificate: X509Certificate, ca: X509Certificate): boolean {
  return certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
}

/** The DNS names of a certificate. Its common name is not used, as in Go. */
export function dnsNamesOf(certificate: X509Certificate): string[] {
  const names = certificate.subjectAltName?.split(', ') ?? [];
  return names.flatMap((name) => (name.startsWith('DNS:') ? [name.slice('DNS:'.length)] : []));
}

/** The files with material in a folder, or in a Secret of the type kubernetes.io/tls. */
export const materialFiles = ['next.pem', 'tls.key', 'tls.crt', 'ca.crt'] as const;
/** The name of such a file. */
export type MaterialFile = (typeof materialFiles)[number];

/** The content of the files. The next pair is one file, so that both parts are written and removed together. */
export function filesOfMaterial(material: CertificateMaterial): Partial<Record<MaterialFile, string>> {
  const { caBundle, certificate, key, next } = material;
  const files = { 'tls.key': key, 'tls.crt': certificate, 'ca.crt': caBundle };
  return next === undefined ? files : { ...files, 'next.pem': `${next.certificate}${next.key}` };
}

/**
 * The material in the files; a missing file is a missing part.
 * @throws CERTIFICATE_INVALID when next.pem cannot be read
 */
export function materialOfFiles(files: Partial<Record<MaterialFile, string>>): Partial<CertificateMaterial> {
  const content = files['next.pem'] === undefined ? undefined : readPem(files['next.pem'], 'next.pem');
  return {
    ...(files['ca.crt'] === undefined ? {} : { caBundle: files['ca.crt'] }),
    ...(files['tls.crt'] === undefined ? {} : { certificate: files['tls.crt'] }),
    ...(files['tls.key'] === undefined ? {} : { key: files['tls.key'] }),
    ...(content === undefined ? {} : { next: pairOf(content) }),
  };
}

function pairOf({ certificates, keys }: PemContent): ServingPair {
  return { certificate: writeBundle(certificates), key: keys.join('') };
}
