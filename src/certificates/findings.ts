import { renewBeforeDays } from './lifetimes.ts';

/** What can be wrong with certificates: the code is for programs, the sentence for people. */
export const findingTexts = {
  ca_missing: 'there is no CA certificate',
  certificate_missing: 'there is no serving certificate',
  key_missing: 'there is no private key',
  expired: 'it has expired',
  expires_soon: `it expires in less than ${renewBeforeDays} days`,
  not_yet_valid: 'it is not valid yet; is the clock right?',
  not_a_ca: 'it stands in the CA bundle but may not sign certificates',
  not_signed_by_ca: 'no CA of the bundle signed it',
  key_mismatch: 'the private key belongs to another certificate',
  san_missing: 'it has no DNS name; a common name counts for nothing',
  san_mismatch: 'it does not cover the name that the API server calls',
  wrong_purpose: 'it may not be used by a server (no extended key usage serverAuth)',
  next_unusable: 'the next certificate of the rotation cannot be served; the next step makes a new one',
} as const;

export type FindingCode = keyof typeof findingTexts;

export interface Finding {
  readonly code: FindingCode;
  /** The subject of the certificate, or the part that is meant. */
  readonly where: string;
  readonly text: string;
}

export function finding(code: FindingCode, where: string, more?: string): Finding {
  return { code, where, text: more === undefined ? findingTexts[code] : `${findingTexts[code]}: ${more}` };
}
