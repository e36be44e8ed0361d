import { randomBytes } from 'node:crypto';
import { newKey, serialBytes, serialOf, type Randomness } from '../../../src/certificates/randomness.ts';
import { servingNames } from '../../../src/certificates/servingNames.ts';

export const service = 'packet-capture';
export const namespace = 'tools';
export const dnsNames = servingNames(service, namespace);
export const host = 'packet-capture.tools.svc';

/**
 * Randomness of two generations. Keys are what takes time, so they are short, and there are two of them: what is the
 * CA's in one generation is the server's in the other, and within each role they differ.
 */
export async function makeGenerations(bits = 1024): Promise<[Randomness, Randomness]> {
  const [one, other] = await Promise.all([newKey(bits), newKey(bits)]);
  return [withNewSerials({ caKey: one, servingKey: other }), withNewSerials({ caKey: other, servingKey: one })];
}

/** The same keys for another pair of certificates. */
export function withNewSerials(keys: Pick<Randomness, 'caKey' | 'servingKey'>): Randomness {
  const newSerial = (): string => serialOf(randomBytes(serialBytes));
  return { ...keys, caSerial: newSerial(), servingSerial: newSerial() };
}
