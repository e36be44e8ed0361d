import { join } from 'node:path';
import { caDays, rotateOnce, servingDays, type CertificateMaterial } from '../../../certificates/index.ts';
import { codedError } from '../../../errors.ts';
import { shell } from '../../../shell.ts';
import { folderWrites, readFolder, writeFolder } from './certsFolder.ts';
import { formatValues, parseDays, fileStepTexts, type CertsConsole, type ValuesFormat } from './certsOutput.ts';

/** The flags of `certs rotate`. `days` is a whole number, for the new serving certificate. */
export interface RotateFlags {
  readonly days?: string;
  readonly output?: ValuesFormat;
}

/**
 * `certs rotate DIR`: takes the next of the three steps.
 * @throws USAGE, FILE_UNREADABLE, FILE_UNWRITABLE, CERTIFICATE_INVALID, ROTATION_REFUSED
 */
export async function rotateCertificates(
  folder: string,
  flags: RotateFlags,
  { now, printData, report }: CertsConsole,
): Promise<void> {
  const days = flags.days === undefined ? servingDays : parseDays(flags.days, caDays);
  const { step, material } = await rotateOnce(whole(await readFolder(folder), folder), { now, days });
  await writeFolder(folder, folderWrites(material));
  if (flags.output !== undefined) printData(await formatValues(material, flags.output));
  const { done, nextWhen } = fileStepTexts[step];
  report(done);
  report(`roll it out: ${shell`helm upgrade RELEASE CHART --reset-then-reuse-values ${setFiles(folder)}`}`);
  if (nextWhen === undefined) report('then the rotation is complete');
  else report(`then, ${nextWhen}: ${shell`packet-capture certs rotate ${folder}`}`);
}

function whole(material: Partial<CertificateMaterial>, folder: string): CertificateMaterial {
  const { caBundle, certificate, key, next } = material;
  const absent = (file: string): Error =>
    codedError('FILE_UNREADABLE', 'the file does not exist', {
      where: join(folder, file),
      hint: '`certs new` makes all files.',
    });
  if (caBundle === undefined) throw absent('ca.crt');
  if (certificate === undefined) throw absent('tls.crt');
  if (key === undefined) throw absent('tls.key');
  return next === undefined ? { caBundle, certificate, key } : { caBundle, certificate, key, next };
}

function setFiles(folder: string): string[] {
  const files = { 'certs.caBundle': 'ca.crt', 'certs.certificate': 'tls.crt', 'certs.key': 'tls.key' };
  return Object.entries(files).flatMap(([value, file]) => ['--set-file', `${value}=${join(folder, file)}`]);
}
