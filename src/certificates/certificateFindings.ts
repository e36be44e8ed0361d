import { findingsOf, type Finding as FindingWith, type FindingKind } from '../findings.ts';
import { renewBeforeDays } from './lifetimes.ts';

/** What to do about certificates that cannot be used. */
const makeNew = 'Make new ones: `packet-capture certs new --force`.';

/** What can be wrong with certificates; docs/certificates.md has the same table, and a test compares them. */
export const findingKinds = {
  ca_missing: { level: 'error', meaning: 'there is no CA certificate', hint: 'Name its file too.' },
  serving_certificate_missing: {
    level: 'error',
    meaning: 'there is no serving certificate',
    hint: 'Name its file too.',
  },
  key_missing: { level: 'error', meaning: 'there is no private key', hint: 'Name its file too.' },
  expired: { level: 'error', meaning: 'it has expired', hint: makeNew },
  expires_soon: {
    level: 'warning',
    meaning: `it expires in less than ${renewBeforeDays} days`,
    hint: 'Renew it before: `packet-capture certs rotate`.',
  },
  not_yet_valid: {
    level: 'error',
    meaning: 'it is not valid yet; is the clock right?',
    hint: 'Set the clock, or wait.',
  },
  not_a_ca: {
    level: 'error',
    meaning: 'it is in the CA bundle but may not sign certificates',
    hint: 'Remove it from the bundle.',
  },
  not_signed_by_ca: {
    level: 'error',
    meaning: 'no CA of the bundle signed it',
    hint: 'Add the CA that signed it, or make new certificates: `packet-capture certs new --force`.',
  },
  key_mismatch: {
    level: 'error',
    meaning: 'the private key belongs to another certificate',
    hint: 'Name the right one.',
  },
  san_missing: { level: 'error', meaning: 'it has no DNS name; a common name is not used', hint: makeNew },
  san_mismatch: { level: 'error', meaning: 'it does not cover the name that the API server calls', hint: makeNew },
  wrong_purpose: {
    level: 'error',
    meaning: 'it may not be used by a server (no extended key usage serverAuth)',
    hint: makeNew,
  },
  next_unusable: {
    level: 'error',
    meaning: 'the next certificate of the rotation cannot be served',
    hint: 'There is nothing to do: the next step of the rotation makes a new one.',
  },
} as const satisfies Record<string, FindingKind>;

/** The code of a finding about certificates. */
export type FindingCode = keyof typeof findingKinds;

/** A finding; `where` is the subject of the certificate, or the name of a part such as `key`. */
export type Finding = FindingWith<FindingCode>;

const make = findingsOf(findingKinds);

/** Makes a finding. @param more details, after a colon */
export function finding(code: FindingCode, where: string, more?: string): Finding {
  const { meaning } = findingKinds[code];
  return make(code, where, more === undefined ? meaning : `${meaning}: ${more}`);
}
