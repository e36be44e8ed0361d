import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** The random parts of a serving certificate. */
export interface ServingRandomness {
  /** PKCS #8 PEM. */
  readonly servingKey: string;
  /** See {@link serialOf}. */
  readonly servingSerial: string;
}

/** The random parts of a CA and its serving certificate. */
export interface Randomness extends ServingRandomness {
  readonly caKey: string;
  readonly caSerial: string;
}

/** All keys are RSA: API servers of some clouds refuse Ed25519, and node-forge has no ECDSA. Sizes as in mkcert. */
const caKeyBits = 3072;
const servingKeyBits = 2048;

/** A new key and serial number for a serving certificate. */
export async function makeServingRandomness(): Promise<ServingRandomness> {
  return { servingKey: await newKey(servingKeyBits), servingSerial: newSerial() };
}

/** The same, and a key and serial number for its CA. */
export async function makeRandomness(): Promise<Randomness> {
  const [caKey, serving] = await Promise.all([newKey(caKeyBits), makeServingRandomness()]);
  return { ...serving, caKey, caSerial: newSerial() };
}

/** A random RSA key as PKCS #8 PEM. */
export async function newKey(bits: number): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return privateKey;
}

/** The length of a serial number, in bytes. */
export const serialBytes = 16;

/**
 * A serial number from random bytes, as hexadecimal digits. The first bit is 0, because otherwise the number would be
 * negative in DER (RFC 5280 4.1.2.2). The second bit is 1, because otherwise the first byte could be zero, and Go
 * refuses a form that is not the shortest one.
 */
export function serialOf(random: Uint8Array): string {
  const bytes = Buffer.from(random);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function newSerial(): string {
  return serialOf(randomBytes(serialBytes));
}
