import {
  valuesOfMaterial,
  type CertificateSummary,
  type CertificateMaterial,
  type Inspection,
  type RotationStep,
} from '../../../certificates/index.ts';
import { codedError } from '../../../errors.ts';
import { formatFinding } from '../../../findings.ts';

/** Where a `certs` command takes the time from and puts its words. */
export interface CertsConsole {
  readonly now: Date;
  /** Lines for people, to standard output. */
  readonly print: (lines: readonly string[]) => void;
  /** Data as it is, to standard output. */
  readonly printData: (text: string) => void;
  readonly printJson: (value: unknown) => void;
  /** Words for people, to standard error. */
  readonly report: (line: string) => void;
}

export type ValuesFormat = 'json' | 'yaml';

/** The values of the chart that hold this material, private key included. No final newline. */
export async function formatValues(material: CertificateMaterial, format: ValuesFormat): Promise<string> {
  const values = valuesOfMaterial(material);
  if (format === 'json') return JSON.stringify(values, null, 2);
  const { stringify } = await import('yaml');
  return stringify(values, { version: '1.1', lineWidth: 0 }).trimEnd();
}

/** Lines for people: every certificate, where a rotation stands, what is wrong. */
export function formatInspection({ certificates, nextStep, findings }: Inspection): string[] {
  return [
    ...certificates.flatMap(certificateLines),
    ...(nextStep === undefined ? [] : [`a rotation is under way; its next step is ${nextStep}`]),
    ...(findings.length === 0 ? ['good'] : findings.flatMap(formatFinding)),
  ];
}

function certificateLines({ role, subject, dnsNames, daysLeft, notAfter }: CertificateSummary): string[] {
  const until = `until ${dayOf(notAfter)} (${daysLeft} days)`;
  const line = `${role.padEnd(12)} ${subject || 'without a subject'}, ${until}`;
  return dnsNames.length === 0 ? [line] : [line, `${''.padEnd(12)} for ${dnsNames.join(', ')}`];
}

/** `2028-11-21` of an ISO 8601 time. */
export function dayOf(time: string): string {
  return time.slice(0, 10);
}

/** What a step of a rotation did to the files, and what follows it. */
export const rotationTexts: Readonly<Record<RotationStep, { readonly done: string; readonly nextWhen?: string }>> = {
  'trust-both': {
    done: 'step 1 of 3, trust-both: ca.crt holds the old CA and a new one; the new pair waits in next.pem',
    nextWhen: 'a minute after it is rolled out, when every API server trusts both',
  },
  'serve-new': {
    done: 'step 2 of 3, serve-new: tls.crt and tls.key are the new pair',
    nextWhen: 'five minutes after it is rolled out, when every injector serves it',
  },
  'drop-old': { done: 'step 3 of 3, drop-old: ca.crt holds the new CA alone' },
};

/**
 * Days of a certificate's life.
 * @throws USAGE
 */
export function parseDays(text: string, most: number): number {
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > most) {
    throw codedError('USAGE', `"${text}" is no number of days from 1 to ${most}`, { where: '--days' });
  }
  return days;
}
