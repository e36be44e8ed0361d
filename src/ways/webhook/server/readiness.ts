import { isValid } from './certificate.ts';

/** What readiness depends on. The configuration is not part of it: without one, the server does not listen. */
export interface Condition {
  readonly listening: boolean;
  readonly draining: boolean;
  /** The validity of the served certificate. */
  readonly certificate: { readonly notBefore: Date; readonly notAfter: Date };
}

/** The reasons why the server is not ready; empty when it is ready. */
export function unreadiness({ listening, draining, certificate }: Condition, now: Date): string[] {
  return [
    ...(listening ? [] : ['listening: not yet']),
    ...(isValid(certificate, now)
      ? []
      : [`certificate: not valid, ${certificate.notBefore.toISOString()} to ${certificate.notAfter.toISOString()}`]),
    ...(draining ? ['draining: the server is stopping'] : []),
  ];
}
