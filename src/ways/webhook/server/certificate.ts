import { createPrivateKey, X509Certificate } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codedError } from '../../../errors.ts';
import { readText } from './configuration.ts';
import type { Source } from './reload.ts';

/** The served certificate and its key as PEM text, and its period of validity. */
export interface ServedCertificate {
  readonly cert: string;
  readonly key: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The CA of the certificates that clients must present, as PEM text; undefined: clients need none. */
  readonly clientCa: string | undefined;
}

/**
 * The source of tls.crt and tls.key in a mounted Secret, and of the CA of client certificates, if there is one. Its
 * `read` throws FILE_UNREADABLE; its `parse` throws CERTIFICATE_INVALID for a certificate that cannot be served now.
 */
export function certificateSource(
  folder: string,
  clientCaFile?: string,
  now: () => Date = () => new Date(),
): Source<ServedCertificate> {
  return {
    name: 'certificate',
    folder,
    read: async () => {
      // The kubelet replaces both files by changing one link. It is resolved once, so both files are of one version.
      const version = dirname(await realpath(join(folder, 'tls.crt')).catch(() => join(folder, 'tls.crt')));
      const own = [readText(join(version, 'tls.crt')), readText(join(version, 'tls.key'))];
      return Promise.all(clientCaFile === undefined ? own : [...own, readText(clientCaFile)]);
    },
    parse: ([cert = '', key = '', clientCa]) => {
      if (clientCa !== undefined) checkClientCa(clientCa, clientCaFile ?? '');
      return { ...served(cert, key, now(), folder), clientCa };
    },
  };
}

/**
 * How far this machine's clock may be behind the clock of the machine that made the certificate. With `certs.mode:
 * generated`, certificates are valid from the moment when helm makes them, on another machine. The API server checks
 * them by its own clock, so refusing to serve one here would only delay injection.
 */
const clockSkewMs = 5 * 60_000;

/** Whether a certificate is valid now, as far as this machine can tell. */
export function isValid(
  { notBefore, notAfter }: Pick<ServedCertificate, 'notBefore' | 'notAfter'>,
  now: Date,
): boolean {
  return notBefore.getTime() - clockSkewMs <= now.getTime() && now < notAfter;
}

function checkClientCa(text: string, where: string): void {
  const pems = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const certificates = pems.map((pem) => attempt(() => new X509Certificate(pem)));
  if (certificates.length > 0 && certificates.every((certificate) => certificate?.ca === true)) return;
  throw codedError('CERTIFICATE_INVALID', 'the file is not a valid CA certificate', {
    where,
    hint: 'Put the CA that signs the client certificates of API servers there.',
  });
}

function served(cert: string, key: string, now: Date, where: string): Omit<ServedCertificate, 'clientCa'> {
  const refuse = (what: string): Error =>
    codedError('CERTIFICATE_INVALID', what, { where, hint: 'Put a certificate and its own key there.' });
  const certificate = attempt(() => new X509Certificate(cert));
  if (certificate === undefined) throw refuse('tls.crt cannot be read');
  const privateKey = attempt(() => createPrivateKey(key));
  if (privateKey === undefined) throw refuse('tls.key cannot be read');
  if (!certificate.checkPrivateKey(privateKey)) throw refuse('tls.key belongs to another certificate');
  const { validFromDate: notBefore, validToDate: notAfter } = certificate;
  if (notAfter <= now) throw refuse(`tls.crt expired at ${notAfter.toISOString()}`);
  if (!isValid({ notBefore, notAfter }, now)) throw refuse(`tls.crt is not valid before ${notBefore.toISOString()}`);
  return { cert, key, notBefore, notAfter };
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
