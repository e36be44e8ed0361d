import { createPublicKey, sign } from 'node:crypto';
import forge from 'node-forge';

/** A certificate to be made. Keys are PKCS #8 PEM, RSA. */
export interface CertificateSpec {
  /** Printable ASCII, at most 64 characters (RFC 5280, ub-common-name). */
  readonly commonName: string;
  /** Hexadecimal, positive, without a leading zero byte, because DER requires the shortest form. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The key that the certificate is for. */
  readonly key: string;
  readonly profile: CertificateProfile;
  /** The CA that signs it; without one, the certificate is signed with its own key. */
  readonly issuer?: CertificateAuthority;
}

/** What a certificate is used for. */
export type CertificateProfile =
  | { readonly kind: 'ca' }
  | { readonly kind: 'serving'; readonly dnsNames: readonly string[] };

/** A CA certificate and its key, as PEM text. */
export interface CertificateAuthority {
  readonly certificate: string;
  readonly key: string;
}

/**
 * The certificate as PEM. The same specification gives the same bytes, because RSA signatures of PKCS #1 v1.5 contain
 * no randomness.
 *
 * node-forge only writes the structure, from input that was checked before; nearly all of its security advisories are
 * about reading and verifying. It never gets a private key: node:crypto signs, a hundred times as fast.
 */
export function signCertificate(spec: CertificateSpec): string {
  const certificate = forge.pki.createCertificate();
  const publicKey = createPublicKey(spec.key).export({ type: 'spki', format: 'pem' });
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = spec.serial;
  certificate.validity.notBefore = spec.notBefore;
  certificate.validity.notAfter = spec.notAfter;
  const subject = [{ name: 'commonName', value: spec.commonName }];
  const issuer = spec.issuer === undefined ? undefined : forge.pki.certificateFromPem(spec.issuer.certificate);
  certificate.setSubject(subject);
  certificate.setIssuer(issuer === undefined ? subject : issuer.subject.attributes);
  certificate.setExtensions([
    ...profileExtensions(spec.profile),
    { name: 'subjectKeyIdentifier' },
    ...(issuer === undefined ? [] : [{ name: 'authorityKeyIdentifier', keyIdentifier: keyIdentifierOf(issuer) }]),
  ]);
  const signer = {
    sign: () => {
      const toBeSigned = Buffer.from(forge.asn1.toDer(certificate.tbsCertificate).getBytes(), 'latin1');
      return sign('sha256', toBeSigned, (spec.issuer ?? spec).key).toString('latin1');
    },
  };
  certificate.sign(signer as unknown as forge.pki.rsa.PrivateKey, forge.md.sha256.create());
  // node-forge ends lines with CRLF, which YAML cannot write as a block.
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
}

function profileExtensions(profile: CertificateProfile): object[] {
  if (profile.kind === 'ca') {
    return [
      { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
      { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    ];
  }
  return [
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames: profile.dnsNames.map((value) => ({ type: dnsName, value })) },
  ];
}

/** The tag of dNSName, RFC 5280 4.2.1.6. */
const dnsName = 2;

/** The key identifier in the CA's certificate, because other programs compute it by other methods. */
function keyIdentifierOf(issuer: forge.pki.Certificate): string {
  const extension = issuer.getExtension('subjectKeyIdentifier') as { subjectKeyIdentifier?: string } | null | undefined;
  const written = extension?.subjectKeyIdentifier;
  return written === undefined ? issuer.generateSubjectKeyIdentifier().getBytes() : forge.util.hexToBytes(written);
}
