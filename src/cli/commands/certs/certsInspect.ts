import { stat } from 'node:fs/promises';
import { inspect, readPem, servingNames, webhookHost, type CertificateMaterial } from '../../../certificates/index.ts';
import { codedError } from '../../../errors.ts';
import { readFolder, readPemFile } from './certsFolder.ts';
import { formatInspection, type CertsConsole } from './certsOutput.ts';

/**
 * The flags of `certs inspect`. `service` and `namespace` go together: with them, the names of the certificate are
 * checked.
 */
export interface InspectFlags {
  readonly service?: string;
  readonly namespace?: string;
  readonly output?: 'json';
}

/**
 * `certs inspect`: true when nothing is wrong. A folder must have all files that an injector needs; with single files,
 * only these are checked.
 * @throws USAGE, FILE_UNREADABLE, CERTIFICATE_INVALID
 */
export async function inspectCertificates(
  paths: readonly string[],
  flags: InspectFlags,
  { now, print, printJson }: CertsConsole,
): Promise<boolean> {
  const host = hostOfFlags(flags);
  const [folder] = paths.length === 1 ? paths : [];
  const complete = folder !== undefined && (await isFolder(folder));
  const material = complete ? await readFolder(folder) : await readFiles(paths);
  const inspection = inspect(material, { now, complete, ...(host === undefined ? {} : { host }) });
  if (flags.output === 'json') printJson(inspection);
  else print(formatInspection(inspection));
  return inspection.findings.length === 0;
}

function hostOfFlags({ service, namespace }: InspectFlags): string | undefined {
  if (service === undefined && namespace === undefined) return undefined;
  if (service === undefined || namespace === undefined) {
    throw codedError('USAGE', '--service and --namespace go together');
  }
  servingNames(service, namespace);
  return webhookHost(service, namespace);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** The first certificate of a file decides its role: a CA makes it the bundle, any other the serving certificate. */
async function readFiles(paths: readonly string[]): Promise<Partial<CertificateMaterial>> {
  const material: { caBundle?: string; certificate?: string; key?: string } = {};
  for (const path of paths) {
    const text = await readPemFile(path);
    const { certificates, keys } = readPem(text, path);
    const [first] = certificates;
    if (first === undefined && keys.length === 0) {
      throw codedError('CERTIFICATE_INVALID', 'the file has no certificate and no private key', { where: path });
    }
    if (first?.ca === true) material.caBundle = `${material.caBundle ?? ''}${text}`;
    else if (first !== undefined) material.certificate = once(material.certificate, text, 'serving certificate', path);
    if (keys.length > 0) material.key = once(material.key, keys.join(''), 'private key', path);
  }
  return material;
}

function once(before: string | undefined, text: string, what: string, where: string): string {
  if (before !== undefined) {
    throw codedError('USAGE', `this is the second ${what}`, { where, hint: 'Name the files of one certificate only.' });
  }
  return text;
}
