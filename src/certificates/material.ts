import type { X509Certificate } from 'node:crypto';
import { codedError } from '../errors.ts';
import { readKey, readPem, writeBundle, type PemContent } from './pem.ts';

/**
 * What an injector needs to be called over TLS, as PEM text.
 *
 * - `caBundle` is public: ca.crt of the folder or Secret, `certs.caBundle` of the values, caBundle of the webhook.
 * - `certificate` and `key` are served: tls.crt and tls.key of the folder or Secret, `certs.certificate` and
 *   `certs.key` of the values.
 * - `next` is there between steps 1 and 2 of a rotation only: next.pem of the folder, `certs.next` of the values. No
 *   object in the cluster but Helm's own record of the release needs it.
 *
 * A CA's private key is in none of them: it signs its one serving certificate and is dropped in the same moment.
 */
export interface CertificateMaterial extends ServingPair {
  /** One CA; two, the old one first, while a rotation is under way. */
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

/** The DNS names of a certificate; its common name counts for nothing, as in Go. */
export function dnsNamesOf(certificate: X509Certificate): string[] {
  const names = certificate.subjectAltName?.split(', ') ?? [];
  return names.flatMap((name) => (name.startsWith('DNS:') ? [name.slice('DNS:'.length)] : []));
}

/** The files of a folder, and of a Secret of type kubernetes.io/tls, that hold material. */
export const materialFiles = ['next.pem', 'tls.key', 'tls.crt', 'ca.crt'] as const;
export type MaterialFile = (typeof materialFiles)[number];

/** The content of the files. The pair of the next certificate is one file, so that it comes and goes in one moment. */
export function filesOfMaterial(material: CertificateMaterial): Partial<Record<MaterialFile, string>> {
  const { caBundle, certificate, key, next } = material;
  const files = { 'tls.key': key, 'tls.crt': certificate, 'ca.crt': caBundle };
  return next === undefined ? files : { ...files, 'next.pem': `${next.certificate}${next.key}` };
}

/** The inverse; what is missing stays missing. @throws CERTIFICATE_INVALID when next.pem cannot be read */
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
