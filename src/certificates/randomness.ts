import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** What chance contributes to a serving certificate. */
export interface ServingRandomness {
  /** PKCS #8 PEM. */
  readonly servingKey: string;
  /** See {@link serialOf}. */
  readonly servingSerial: string;
}

/** What chance contributes to a CA and its serving certificate. */
export interface Randomness extends ServingRandomness {
  readonly caKey: string;
  readonly caSerial: string;
}

/** RSA throughout: some clouds' API servers refuse Ed25519, and node-forge cannot write ECDSA. Sizes as in mkcert. */
const caKeyBits = 3072;
const servingKeyBits = 2048;

export async function makeServingRandomness(): Promise<ServingRandomness> {
  return { servingKey: await newKey(servingKeyBits), servingSerial: newSerial() };
}

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

export const serialBytes = 16;

/**
 * A serial number from random bytes, as hexadecimal digits. The top bit is cleared, or DER would read a negative number
 * (RFC 5280 4.1.2.2); the bit below is set, or a first byte of zero would not be the shortest form, which Go refuses.
 */
export function serialOf(random: Uint8Array): string {
  const bytes = Buffer.from(random);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function newSerial(): string {
  return serialOf(randomBytes(serialBytes));
}
