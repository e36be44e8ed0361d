import {
  valuesOfMaterial,
  type CertificateSummary,
  type CertificateMaterial,
  type Inspection,
  type RotationStep,
} from '../../../certificates/index.ts';
import { codedError } from '../../../errors.ts';
import { formatFinding } from '../../../findings.ts';

/** The clock and the outputs of a `certs` command. */
export interface CertsConsole {
  readonly now: Date;
  /** Lines for people, to standard output. */
  readonly print: (lines: readonly string[]) => void;
  /** Data, unchanged, to standard output. */
  readonly printData: (text: string) => void;
  readonly printJson: (value: unknown) => void;
  /** A line for people, to standard error. */
  readonly report: (line: string) => void;
}

/** In which form the chart's values are printed. */
export type ValuesFormat = 'json' | 'yaml';

/** The chart's values with this material, private key included. No final newline. */
export async function formatValues(material: CertificateMaterial, format: ValuesFormat): Promise<string> {
  const values = valuesOfMaterial(material);
  if (format === 'json') return JSON.stringify(values, null, 2);
  const { stringify } = await import('yaml');
  return stringify(values, { version: '1.1', lineWidth: 0 }).trimEnd();
}

/** Lines for people: every certificate, the next step of a rotation, and what is wrong. */
export function formatInspection({ certificates, nextStep, findings }: Inspection): string[] {
  return [
    ...certificates.flatMap(certificateLines),
    ...(nextStep === undefined ? [] : [`a rotation is in progress; its next step is ${nextStep}`]),
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

/** What a step of a rotation did to the files, and when the next one may follow. */
export const fileStepTexts: Readonly<Record<RotationStep, { readonly done: string; readonly nextWhen?: string }>> = {
  'trust-both': {
    done: 'step 1 of 3, trust-both: ca.crt has the old CA and a new one; the new pair waits in next.pem',
    nextWhen: 'a minute after it is rolled out, when every API server trusts both',
  },
  'serve-new': {
    done: 'step 2 of 3, serve-new: tls.crt and tls.key are the new pair',
    nextWhen: 'five minutes after it is rolled out, when every injector serves it',
  },
  'drop-old': { done: 'step 3 of 3, drop-old: ca.crt has the new CA alone' },
};

/**
 * Parses the days for which a certificate is valid.
 * @throws USAGE
 */
export function parseDays(text: string, most: number): number {
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > most) {
    throw codedError('USAGE', `"${text}" is not a number of days from 1 to ${most}`, { where: '--days' });
  }
  return days;
}
