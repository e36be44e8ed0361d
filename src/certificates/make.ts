import { X509Certificate } from 'node:crypto';
import { codedError } from '../errors.ts';
import { signCertificate, type CertificateAuthority } from './forge.ts';
import { addDays, backdateMinutes, caDays, servingDays } from './lifetimes.ts';
import { isSignedBy, type CertificateMaterial, type ServingPair } from './material.ts';
import { readKey, readPem } from './pem.ts';
import type { Randomness, ServingRandomness } from './randomness.ts';

export interface CertificateRequest {
  /** The shortest first, see servingNames; it becomes the common name too. */
  readonly dnsNames: readonly string[];
  readonly now: Date;
  /** How long the serving certificate is valid; never longer than its CA. */
  readonly days?: number;
}

/** A CA and a serving certificate under it. Pure: the same request and randomness give the same bytes. */
export function makeMaterial(request: CertificateRequest, randomness: Randomness): CertificateMaterial {
  const { caKey, caSerial } = randomness;
  const caBundle = signCertificate({
    // A subject of its own for every CA: with two of one name in a bundle, verifiers may try the wrong one and give up.
    commonName: `packet-capture CA ${caSerial.slice(0, 16)}`,
    serial: caSerial,
    notBefore: backdate(request.now),
    notAfter: addDays(request.now, caDays),
    key: caKey,
    profile: { kind: 'ca' },
  });
  return { caBundle, ...signServing(request, randomness, { certificate: caBundle, key: caKey }) };
}

/**
 * A serving certificate under a CA that is there already: one of the user's own. Pure, like {@link makeMaterial}.
 * @throws CERTIFICATE_INVALID when the CA cannot sign it: not a CA, expired, not RSA, or not its key
 */
export function makeServing(
  request: CertificateRequest,
  randomness: ServingRandomness,
  ca: CertificateAuthority,
): CertificateMaterial {
  const certificate = usableCa(ca, request.now);
  const caBundle = certificate.toString();
  const pair = signServing(request, randomness, { certificate: caBundle, key: ca.key });
  // Names that node-forge cannot write as they were read would make a chain that nobody follows.
  if (!isSignedBy(new X509Certificate(pair.certificate), certificate)) {
    const hint = 'Use a CA with a plain subject, or none: one is made then.';
    throw codedError('CERTIFICATE_INVALID', 'a certificate signed by this CA does not verify', {
      where: caWhere,
      hint,
    });
  }
  return { caBundle, ...pair };
}

function signServing(
  { dnsNames, now, days = servingDays }: CertificateRequest,
  randomness: ServingRandomness,
  ca: CertificateAuthority,
): ServingPair {
  const wanted = addDays(now, days);
  const caEnd = new X509Certificate(ca.certificate).validToDate;
  const certificate = signCertificate({
    commonName: (dnsNames[0] ?? '').slice(0, 64),
    serial: randomness.servingSerial,
    notBefore: backdate(now),
    notAfter: wanted < caEnd ? wanted : caEnd,
    key: randomness.servingKey,
    profile: { kind: 'serving', dnsNames },
    issuer: ca,
  });
  return { certificate, key: randomness.servingKey };
}

const caWhere = "the CA's certificate";

function usableCa({ certificate: pem, key: keyPem }: CertificateAuthority, now: Date): X509Certificate {
  const hint = 'Name a CA and its key, both RSA, as PEM files.';
  const refuse = (what: string): Error => codedError('CERTIFICATE_INVALID', what, { where: caWhere, hint });
  const [certificate] = readPem(pem, caWhere).certificates;
  const key = readKey(keyPem, "the CA's key");
  if (certificate === undefined) throw refuse('there is no certificate');
  if (!certificate.ca) throw refuse('it is no CA: it may not sign certificates');
  if (key.asymmetricKeyType !== 'rsa') throw refuse('its key is not RSA');
  if (!certificate.checkPrivateKey(key)) throw refuse('the key belongs to another certificate');
  if (certificate.validToDate <= now || certificate.validFromDate > now) throw refuse('it is expired or not valid yet');
  return certificate;
}

function backdate(now: Date): Date {
  return new Date(now.getTime() - backdateMinutes * 60_000);
}
