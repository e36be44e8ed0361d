/** The CA outlives several serving certificates: 10 years, as mkcert has it. */
export const caDays = 3650;

/**
 * An expired certificate stops injection without a sound, so it lives long; but never more than 825 days, the most
 * that Apple's verifier takes, so that the same certificate works for every client.
 */
export const servingDays = 730;

/** From here on it is renewed by an upgrade, and `certs inspect` fails. */
export const renewBeforeDays = 30;

/** The clock of an API server or node may be a little behind; jet/kube-webhook-certgen starts as early. */
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
