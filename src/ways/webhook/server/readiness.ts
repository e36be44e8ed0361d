import { isValid } from './certificate.ts';

/** The server listens for nothing before it has its configuration, so that is no condition of its own. */
export interface Condition {
  readonly listening: boolean;
  readonly draining: boolean;
  /** Of the certificate that is served. */
  readonly certificate: { readonly notBefore: Date; readonly notAfter: Date };
}

/** What stands between the server and being ready; nothing when it is. */
export function unreadiness({ listening, draining, certificate }: Condition, now: Date): string[] {
  return [
    ...(listening ? [] : ['listening: not yet']),
    ...(isValid(certificate, now)
      ? []
      : [`certificate: not valid, ${certificate.notBefore.toISOString()} to ${certificate.notAfter.toISOString()}`]),
    ...(draining ? ['draining: the server is stopping'] : []),
  ];
}
