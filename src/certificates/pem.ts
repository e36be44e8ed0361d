import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto';
import { codedError } from '../errors.ts';

const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;
const keyLabel = /^(?:RSA |EC )?PRIVATE KEY$/;

/** The content of a PEM text, in its order. */
export interface PemContent {
  readonly certificates: readonly X509Certificate[];
  /** PEM text, one block each. */
  readonly keys: readonly string[];
}

/**
 * Reads the certificates and private keys of a PEM text, and ignores other blocks and the text between them.
 * @throws CERTIFICATE_INVALID when a block is broken or has no end, or a key needs a password
 */
export function readPem(text: string, where: string): PemContent {
  const certificates: X509Certificate[] = [];
  const keys: string[] = [];
  if (text.replaceAll(block, '').includes('-----BEGIN ')) {
    throw codedError('CERTIFICATE_INVALID', 'a PEM block has no end', { where });
  }
  for (const [pem, label] of text.matchAll(block)) {
    if (label === 'CERTIFICATE') certificates.push(parse(() => new X509Certificate(pem), 'a certificate', where));
    else if (label === 'ENCRYPTED PRIVATE KEY' || pem.includes('ENCRYPTED')) {
      const hint = 'Write it without one: openssl pkey -in FILE -out FILE.';
      throw codedError('CERTIFICATE_INVALID', 'the private key needs a password', { where, hint });
    } else if (label !== undefined && keyLabel.test(label)) keys.push(`${pem}\n`);
  }
  return { certificates, keys };
}

/** Reads a private key. @throws CERTIFICATE_INVALID */
export function readKey(pem: string, where: string): KeyObject {
  return parse(() => createPrivateKey(pem), 'a private key', where);
}

/** The certificates as one PEM text, in their order, each once. */
export function writeBundle(certificates: readonly X509Certificate[]): string {
  return [...new Set(certificates.map((certificate) => certificate.toString()))].join('');
}

function parse<T>(read: () => T, what: string, where: string): T {
  try {
    return read();
  } catch (error) {
    // The message never contains the text, because it may be a key.
    throw codedError('CERTIFICATE_INVALID', `${what} in PEM form cannot be read`, { where, cause: error });
  }
}
