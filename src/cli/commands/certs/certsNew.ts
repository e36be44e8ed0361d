import { join } from 'node:path';
import {
  caDays,
  inspect,
  issueMaterial,
  servingDays,
  servingNames,
  type CertificateAuthority,
  type CertificateMaterial,
} from '../../../certificates/index.ts';
import { codedError } from '../../../errors.ts';
import { existingFiles, folderWrites, readPemFile, writeFolder } from './certsFolder.ts';
import { dayOf, formatValues, parseDays, type CertsConsole, type ValuesFormat } from './certsOutput.ts';

/** The flags of `certs new`. `days` is a whole number; `caCert` and `caKey` are paths of PEM files. */
export interface NewFlags {
  readonly service: string;
  readonly namespace: string;
  readonly out?: string;
  readonly days?: string;
  readonly force?: boolean;
  readonly caCert?: string;
  readonly caKey?: string;
  readonly output?: ValuesFormat;
}

/**
 * `certs new`: makes a CA and a serving certificate, as files, as values of the chart, or both.
 * @throws USAGE, FILE_EXISTS, FILE_UNREADABLE, FILE_UNWRITABLE, CERTIFICATE_INVALID
 */
export async function newCertificates(flags: NewFlags, { now, printData, report }: CertsConsole): Promise<void> {
  const { service, namespace, out, output, force } = flags;
  if (out === undefined && output === undefined) {
    const hint = "Add --out DIR for files, -o yaml or -o json for the chart's values, or both.";
    throw codedError('USAGE', 'there is no place for the private key', { hint });
  }
  const dnsNames = servingNames(service, namespace);
  const days = flags.days === undefined ? servingDays : parseDays(flags.days, caDays);
  const replaced = out === undefined ? [] : await existingFiles(out);
  if (replaced[0] !== undefined && force !== true) {
    throw codedError('FILE_EXISTS', 'the folder has certificates already', { where: replaced[0] });
  }
  const trusted = out === undefined ? undefined : await readPemFile(join(out, 'ca.crt')).catch(() => undefined);
  const material = await issueMaterial({ dnsNames, now, days }, await caOfFlags(flags));
  if (out !== undefined) await writeFolder(out, folderWrites(material));
  if (output !== undefined) printData(await formatValues(material, output));
  for (const line of summary(material, flags, now)) report(line);
  if (trusted !== undefined && trusted !== material.caBundle) report(otherCaText);
}

const otherCaText =
  'The CA has changed: calls fail until the API server and the injector both have the new files. `certs rotate` avoids that.';

/** @throws USAGE when one of the two is missing, FILE_UNREADABLE */
async function caOfFlags({ caCert, caKey }: NewFlags): Promise<CertificateAuthority | undefined> {
  if (caCert === undefined && caKey === undefined) return undefined;
  if (caCert === undefined || caKey === undefined) throw codedError('USAGE', '--ca-cert and --ca-key go together');
  return { certificate: await readPemFile(caCert), key: await readPemFile(caKey) };
}

function summary(material: CertificateMaterial, { out, caCert }: NewFlags, now: Date): string[] {
  const { certificates } = inspect(material, { now });
  const ca = certificates.find(({ role }) => role === 'ca');
  const serving = certificates.find(({ role }) => role === 'serving');
  return [
    'made a serving certificate for',
    ...(serving?.dnsNames ?? []).map((name) => `  - ${name}`),
    ...(out === undefined ? [] : [`in ${out}: ca.crt, tls.crt, tls.key`]),
    `It expires on ${dayOf(serving?.notAfter ?? '')}, its CA on ${dayOf(ca?.notAfter ?? '')}.`,
    ...(caCert === undefined ? ["The CA's private key was not kept, so nobody can sign with it again."] : []),
  ];
}
