import { execFile } from 'node:child_process';
import { X509Certificate, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Randomness,
  filesOfMaterial,
  makeMaterial,
  makeServing,
  servingNames,
  type CertificateMaterial,
} from '../../../src/certificates/index.ts';
import { addDays } from '../../../src/certificates/lifetimes.ts';
import { dnsNames, host, makeGenerations, withNewSerials } from '../../support/certificates/generation.ts';

const run = promisify(execFile);
const now = new Date('2026-11-22T10:20:30.400Z');
const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
let first: Randomness;
let second: Randomness;
let material: CertificateMaterial;
let folder: string;

beforeAll(async () => {
  [first, second] = await makeGenerations();
  material = makeMaterial({ dnsNames, now }, first);
  folder = await mkdtemp(join(tmpdir(), 'certificates-'));
  for (const [file, text] of Object.entries(filesOfMaterial(material)))
    await writeFile(join(folder, file), text, { mode: 0o600 });
});

afterAll(async () => rm(folder, { recursive: true }));

/** `OK`, or the text of OpenSSL's error. */
async function verify({ name = host, at = now, ca = 'ca.crt', purpose = 'sslserver' }): Promise<string> {
  const time = String(Math.floor(at.getTime() / 1000));
  const flags = [
    '-x509_strict',
    '-purpose',
    purpose,
    '-verify_hostname',
    name,
    '-attime',
    time,
    '-CAfile',
    ca,
    'tls.crt',
  ];
  try {
    await run('openssl', ['verify', ...flags], { cwd: folder });
    return 'OK';
  } catch (error) {
    return /depth lookup: (.*)/.exec((error as { stderr: string }).stderr)?.[1] ?? String(error);
  }
}

describe('openssl verify, strict', () => {
  test.each(dnsNames)('accepts %s', async (name) => {
    await expect(verify({ name })).resolves.toBe('OK');
  });

  test.each([
    ['another name', { name: 'packet-capture.other.svc' }, 'hostname mismatch'],
    ['a name under it', { name: `www.${host}` }, 'hostname mismatch'],
    ['another CA', { ca: 'other.crt' }, 'unable to get local issuer certificate'],
    ['another purpose', { purpose: 'sslclient' }, 'unsuitable certificate purpose'],
    ['the time after its end', { at: addDays(now, 730.001) }, 'certificate has expired'],
    ['the time before its start', { at: new Date(now.getTime() - 6 * 60_000) }, 'certificate is not yet valid'],
  ])('refuses %s', async (_, options, problem) => {
    await writeFile(join(folder, 'other.crt'), makeMaterial({ dnsNames, now }, second).caBundle);
    await expect(verify(options)).resolves.toBe(problem);
  });

  test('accepts it on a clock that is five minutes behind, and on its last day', async () => {
    await expect(verify({ at: new Date(now.getTime() - 4.9 * 60_000) })).resolves.toBe('OK');
    await expect(verify({ at: addDays(now, 729.9) })).resolves.toBe('OK');
  });

  test('reads the usages, marked critical where they must be', async () => {
    const extensions = 'basicConstraints,keyUsage,extendedKeyUsage,subjectKeyIdentifier,authorityKeyIdentifier';
    const read = async (file: string): Promise<string> =>
      (await run('openssl', ['x509', '-in', file, '-noout', '-ext', extensions], { cwd: folder })).stdout;
    const ca = await read('ca.crt');
    expect(ca).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/);
    expect(ca).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    const serving = await read('tls.crt');
    expect(serving).toMatch(/Basic Constraints: critical\s+CA:FALSE\n/);
    expect(serving).toMatch(/Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
    expect(serving).toMatch(/Extended Key Usage:\s+TLS Web Server Authentication\n/);
    const identifier = /Subject Key Identifier:\s+(\S+)/.exec(ca)?.[1];
    expect(identifier).toBeDefined();
    expect(/Authority Key Identifier:\s+(\S+)/.exec(serving)?.[1]).toBe(identifier);
  });
});

describe('the new material', () => {
  test('the same input gives the same bytes', () => {
    expect(makeMaterial({ dnsNames, now }, first)).toStrictEqual(material);
    expect(makeMaterial({ dnsNames, now: addDays(now, 1) }, first).certificate).not.toBe(material.certificate);
  });

  test('the text has the usual form, so it is the same after it is read and written', () => {
    expect(new X509Certificate(material.caBundle).toString()).toBe(material.caBundle);
    expect(new X509Certificate(material.certificate).toString()).toBe(material.certificate);
    expect(material.key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(JSON.stringify(material)).not.toContain(first.caKey.split('\n')[5] ?? '');
  });

  test('two CAs have different subjects, even if their keys are equal', () => {
    const subjects = [first, second, withNewSerials(first)].map(
      (randomness) => new X509Certificate(makeMaterial({ dnsNames, now }, randomness).caBundle).subject,
    );
    expect(new Set(subjects).size).toBe(3);
  });

  test('no certificate outlives its CA', () => {
    const { caBundle, certificate } = makeMaterial({ dnsNames, now, days: 4000 }, first);
    expect(new X509Certificate(certificate).validTo).toBe(new X509Certificate(caBundle).validTo);
    expect(new X509Certificate(makeMaterial({ dnsNames, now, days: 90 }, first).certificate).validToDate).toStrictEqual(
      new Date('2027-02-20T10:20:30.000Z'),
    );
  });

  test('the names are those by which a Service is found', () => {
    expect(servingNames('web', 'shop')).toStrictEqual(['web', 'web.shop', 'web.shop.svc']);
    expect(() => servingNames('Web', 'tools')).toThrow(expect.objectContaining({ code: 'USAGE', where: '--service' }));
    expect(() => servingNames('web', 'a.b')).toThrow(expect.objectContaining({ code: 'USAGE', where: '--namespace' }));
  });

  test('the longest names of Kubernetes fit', () => {
    const names = servingNames('s'.repeat(63), 'n'.repeat(63));
    const certificate = new X509Certificate(makeMaterial({ dnsNames: names, now }, first).certificate);
    expect(certificate.checkHost(`${'s'.repeat(63)}.${'n'.repeat(63)}.svc`, { subject: 'never' })).toBeDefined();
    const longFirst = makeMaterial({ dnsNames: [`${'a'.repeat(60)}.${'b'.repeat(60)}`], now }, first);
    expect(new X509Certificate(longFirst.certificate).subject).toHaveLength('CN='.length + 64);
  });
});

describe("a CA of the user's own", () => {
  test('signs, its key is not in the result, and the bundle is that CA', async () => {
    const ca = { certificate: material.caBundle, key: first.caKey };
    const served = makeServing({ dnsNames: servingNames('web', 'shop'), now }, second, ca);
    expect(served.caBundle).toBe(material.caBundle);
    await writeFile(join(folder, 'tls.crt'), served.certificate);
    await expect(verify({ name: 'web.shop.svc' })).resolves.toBe('OK');
    await writeFile(join(folder, 'tls.crt'), material.certificate);
  });

  test.each([
    ['it may not sign', 'is not a CA', () => ({ certificate: material.certificate, key: first.servingKey }), now],
    [
      'the key is that of another',
      'the key belongs to another',
      () => ({ certificate: material.caBundle, key: second.caKey }),
      now,
    ],
    ['the key is not RSA', 'not RSA', () => ({ certificate: material.caBundle, key: ecKey }), now],
    ['the key cannot be read', 'cannot be read', () => ({ certificate: material.caBundle, key: 'nonsense' }), now],
    ['there is no certificate', 'there is no certificate', () => ({ certificate: '', key: first.caKey }), now],
    ['it has expired', 'expired', () => ({ certificate: material.caBundle, key: first.caKey }), addDays(now, 3651)],
  ])('is refused when %s', (_, message, ca, at) => {
    expect(() => makeServing({ dnsNames, now: at }, second, ca())).toThrow(
      expect.objectContaining({ code: 'CERTIFICATE_INVALID', message: expect.stringContaining(message) }),
    );
  });
});
