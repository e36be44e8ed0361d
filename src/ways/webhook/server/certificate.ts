import { createPrivateKey, X509Certificate } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codedError } from '../../../errors.ts';
import { readText } from './configuration.ts';
import type { Source } from './reload.ts';

/** What is served, as PEM text, and when it is valid. */
export interface ServedCertificate {
  readonly cert: string;
  readonly key: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Who signs the certificates that clients must present, as PEM text; none is asked for without it. */
  readonly clientCa: string | undefined;
}

/**
 * tls.crt and tls.key of a mounted Secret, and the file of the CA that clients are judged by, if there is one.
 * Its `read` throws FILE_UNREADABLE; its `parse` CERTIFICATE_INVALID for what cannot be served now.
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
      // The kubelet swaps both files by one link: resolved once, they are of one generation.
      const generation = dirname(await realpath(join(folder, 'tls.crt')).catch(() => join(folder, 'tls.crt')));
      const own = [readText(join(generation, 'tls.crt')), readText(join(generation, 'tls.key'))];
      return Promise.all(clientCaFile === undefined ? own : [...own, readText(clientCaFile)]);
    },
    parse: ([cert = '', key = '', clientCa]) => {
      if (clientCa !== undefined) checkClientCa(clientCa, clientCaFile ?? '');
      return { ...served(cert, key, now(), folder), clientCa };
    },
  };
}

/**
 * How far this machine's clock may be behind that of who made the certificate. `certs.mode: generated` has certificates
 * that begin the moment they are made, on the machine where helm runs. It is the API server that judges them, by a
 * clock of its own: not to serve such a certificate would help nobody.
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
  throw codedError('CERTIFICATE_INVALID', 'it is not a valid CA certificate', {
    where,
    hint: 'Put the CA there that signs the certificates of API servers.',
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
