/** Days that a CA is valid: 10 years, as in mkcert, so that it outlives several serving certificates. */
export const caDays = 3650;

/**
 * Days that a serving certificate is valid. Long, because an expired one stops injection without an error; but less
 * than 825 days, the most that Apple's clients accept.
 */
export const servingDays = 730;

/** Days before the expiry from which on an upgrade renews a certificate, and `certs inspect` fails. */
export const renewBeforeDays = 30;

/**
 * How long before now a certificate begins to be valid, because the clock of an API server or a node may be behind. The
 * same as in jet/kube-webhook-certgen.
 */
export const backdateMinutes = 5;

const dayMs = 24 * 60 * 60 * 1000;

/** The moment `days` after `from`; negative days are before it. */
export function addDays(from: Date, days: number): Date {
  return new Date(from.getTime() + days * dayMs);
}

/** Whole days from `now` to `moment`, rounded down: 0 on the last day, negative afterwards. */
export function daysUntil(moment: Date, now: Date): number {
  return Math.floor((moment.getTime() - now.getTime()) / dayMs);
}
