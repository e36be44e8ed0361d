/**
 * How long a test waits, in milliseconds, for what must happen and whose time is not what the test is about. No load of
 * the machine delays it for so long; only a product that is broken makes a test wait to the end.
 */
export const patienceMs = 120_000;

/** The time of a whole test or hook: several waits, one after the other. */
export const testMs = 5 * patienceMs;
