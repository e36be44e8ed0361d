import { X509Certificate } from 'node:crypto';
import { codedError } from '../errors.ts';
import { signCertificate, type CertificateAuthority } from './forge.ts';
import { addDays, backdateMinutes, caDays, servingDays } from './lifetimes.ts';
import { isSignedBy, type CertificateMaterial, type ServingPair } from './material.ts';
import { readKey, readPem } from './pem.ts';
import type { Randomness, ServingRandomness } from './randomness.ts';

/** The serving certificate that is made. */
export interface CertificateRequest {
  /** The first one is also the common name; see servingNames. */
  readonly dnsNames: readonly string[];
  readonly now: Date;
  /** How many days it is valid, but never longer than its CA; default {@link servingDays}. */
  readonly days?: number;
}

/** A CA and a serving certificate that it signs. Pure: the same request and randomness give the same bytes. */
export function makeMaterial(request: CertificateRequest, randomness: Randomness): CertificateMaterial {
  const { caKey, caSerial } = randomness;
  const caBundle = signCertificate({
    // Every CA has another subject: if two in a bundle have the same, clients may try the wrong one and fail.
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
 * A serving certificate that a CA of the user signs. Pure, like {@link makeMaterial}.
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
  // node-forge cannot write every subject exactly as it was. With another subject the chain would be broken.
  if (!isSignedBy(new X509Certificate(pair.certificate), certificate)) {
    const hint = 'Use a CA with a simple subject, or no CA: then a new one is made.';
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
  if (!certificate.ca) throw refuse('it is not a CA: it may not sign certificates');
  if (key.asymmetricKeyType !== 'rsa') throw refuse('its key is not RSA');
  if (!certificate.checkPrivateKey(key)) throw refuse('the key belongs to another certificate');
  if (certificate.validToDate <= now || certificate.validFromDate > now) throw refuse('it is expired or not valid yet');
  return certificate;
}

function backdate(now: Date): Date {
  return new Date(now.getTime() - backdateMinutes * 60_000);
}
