import { X509Certificate } from 'node:crypto';
import type { CertificateMaterial } from '../../../src/certificates/index.ts';

/** Serial number of the serving certificate. */
export function serialOf({ certificate }: CertificateMaterial): string {
  return new X509Certificate(certificate).serialNumber;
}
