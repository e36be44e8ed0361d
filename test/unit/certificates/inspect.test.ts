import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { signCertificate } from '../../../src/certificates/forge.ts';
import {
  decideReuse,
  inspect,
  makeMaterial,
  makeServing,
  materialOfValues,
  valuesOfMaterial,
  type CertificateMaterial,
  type Randomness,
} from '../../../src/certificates/index.ts';
import { addDays } from '../../../src/certificates/lifetimes.ts';
import { trustBoth } from '../../../src/certificates/rotation.ts';
import {
  dnsNames,
  host,
  makeGenerations,
  namespace,
  service,
  withNewSerials,
} from '../../support/certificates/generation.ts';

const now = new Date('2026-11-22T10:20:30Z');
let first: Randomness;
let second: Randomness;
let good: CertificateMaterial;
let other: CertificateMaterial;

beforeAll(async () => {
  [first, second] = await makeGenerations();
  good = makeMaterial({ dnsNames, now }, first);
  other = makeMaterial({ dnsNames, now }, second);
});

function codesOf(material: Partial<CertificateMaterial>, at = now): string[] {
  return inspect(material, { now: at, host, complete: true }).findings.map(({ code }) => code);
}

describe('inspect', () => {
  test('good material: names, days, no finding', () => {
    const { certificates, findings, nextStep } = inspect(good, { now, host, complete: true });
    expect(findings).toStrictEqual([]);
    expect(nextStep).toBeUndefined();
    expect(certificates.map(({ role, subject, daysLeft }) => [role, subject, daysLeft])).toStrictEqual([
      ['ca', `CN=packet-capture CA ${first.caSerial.slice(0, 16)}`, 3650],
      ['serving', 'CN=packet-capture', 730],
    ]);
    expect(certificates[1]).toMatchObject({
      dnsNames,
      serial: first.servingSerial,
      notBefore: '2026-11-22T10:15:30.000Z',
      notAfter: '2028-11-21T10:20:30.000Z',
    });
  });

  test('no output contains a private key', () => {
    expect(JSON.stringify(inspect(good, { now }))).not.toMatch(/PRIVATE|BEGIN/);
  });

  test.each<[string, () => Partial<CertificateMaterial>, string[]]>([
    ['nothing', () => ({}), ['ca_missing', 'serving_certificate_missing', 'key_missing']],
    ['no key', () => ({ caBundle: good.caBundle, certificate: good.certificate }), ['key_missing']],
    ["another's key", () => ({ ...good, key: other.key }), ['key_mismatch']],
    ["another's CA", () => ({ ...good, caBundle: other.caBundle }), ['not_signed_by_ca']],
    [
      'a CA of the same name that did not sign',
      () => ({ ...good, caBundle: makeMaterial({ dnsNames, now }, { ...second, caSerial: first.caSerial }).caBundle }),
      ['not_signed_by_ca'],
    ],
    ['another name', () => makeMaterial({ dnsNames: ['web', 'web.shop.svc'], now }, first), ['san_mismatch']],
    [
      'a name above it',
      () => makeMaterial({ dnsNames: ['packet-capture', 'packet-capture.tools'], now }, first),
      ['san_mismatch'],
    ],
    ['the name as common name alone', () => withProfile({ kind: 'serving', dnsNames: [] }), ['san_missing']],
    ['a CA as serving certificate', () => withProfile({ kind: 'ca' }), ['san_missing']],
    ['a bundle that is no CA', () => ({ ...good, caBundle: other.certificate }), ['not_a_ca', 'not_signed_by_ca']],
    ['a second CA that signed nothing', () => ({ ...good, caBundle: `${other.caBundle}${good.caBundle}` }), []],
    ['a next pair of a CA that is not trusted', () => ({ ...good, next: other }), ['next_unusable']],
  ])('%s', (_, material, codes) => {
    expect(codesOf(material())).toStrictEqual(codes);
  });

  test('a wildcard for the namespace matches, as in Go', () => {
    expect(codesOf(makeMaterial({ dnsNames: ['*.tools.svc'], now }, first))).toStrictEqual([]);
  });

  test('present parts are checked if others may be missing', () => {
    expect(inspect({ certificate: good.certificate }, { now, host }).findings).toStrictEqual([]);
    expect(inspect({ caBundle: good.caBundle }, { now: addDays(now, 4000) }).findings).toMatchObject([
      { code: 'expired' },
    ]);
    expect(inspect({ caBundle: good.caBundle }, { now, host }).findings).toMatchObject([
      { code: 'serving_certificate_missing' },
    ]);
  });

  test.each([
    ['30 days before the end', addDays(now, 700), []],
    ['a second later', new Date(addDays(now, 700).getTime() + 1000), ['expires_soon']],
    ['the last second', new Date(addDays(now, 730).getTime() - 1000), ['expires_soon']],
    ['the end', addDays(now, 730), ['expired']],
    ['ten minutes too early', new Date(now.getTime() - 600_000), ['not_yet_valid', 'not_yet_valid']],
    ['the CA has gone too', addDays(now, 3651), ['expired', 'expired']],
  ])('clock: %s', (_, at, codes) => {
    expect(codesOf(good, at)).toStrictEqual(codes);
  });

  test('the old CA of a rotation may have expired, because nothing depends on it', () => {
    const renewed = makeMaterial({ dnsNames, now: addDays(now, 3640) }, withNewSerials(second));
    expect(codesOf({ ...renewed, caBundle: `${good.caBundle}${renewed.caBundle}` }, addDays(now, 3660))).toStrictEqual(
      [],
    );
  });

  test('a chain through an intermediate CA is valid while that CA is', () => {
    const intermediate = signCertificate({
      commonName: 'between',
      serial: second.caSerial,
      notBefore: now,
      notAfter: addDays(now, 60),
      key: second.caKey,
      profile: { kind: 'ca' },
      issuer: { certificate: good.caBundle, key: first.caKey },
    });
    const leaf = signCertificate({
      commonName: 'web',
      serial: second.servingSerial,
      notBefore: now,
      notAfter: addDays(now, 120),
      key: second.servingKey,
      profile: { kind: 'serving', dnsNames },
      issuer: { certificate: intermediate, key: second.caKey },
    });
    const material = { caBundle: good.caBundle, certificate: `${leaf}${intermediate}`, key: second.servingKey };
    expect(codesOf(material)).toStrictEqual([]);
    expect(inspect(material, { now }).certificates.map(({ role, subject }) => [role, subject])).toStrictEqual([
      ['ca', `CN=packet-capture CA ${first.caSerial.slice(0, 16)}`],
      ['serving', 'CN=web'],
      ['intermediate', 'CN=between'],
    ]);
    expect(codesOf(material, addDays(now, 61))).toStrictEqual(['not_signed_by_ca']);
    expect(codesOf({ ...material, certificate: leaf })).toStrictEqual(['not_signed_by_ca']);
  });

  test('a certificate that is signed by one that is not a CA', async () => {
    const at = new Date();
    const { caBundle } = makeMaterial({ dnsNames, now: at }, first);
    const folder = await mkdtemp(join(tmpdir(), 'certificates-'));
    const openssl = async (...flags: string[]): Promise<unknown> =>
      promisify(execFile)('openssl', flags, { cwd: folder });
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout'];
    const extensions = (name: string, ...values: string[]): string[] => [
      '-subj',
      `/CN=${name}`,
      ...values.flatMap((value) => ['-addext', value]),
    ];
    await writeFile(join(folder, 'ca.crt'), caBundle);
    await writeFile(join(folder, 'ca.key'), first.caKey, { mode: 0o600 });
    const noCa = ['-CA', 'ca.crt', '-CAkey', 'ca.key', ...extensions('no CA', 'basicConstraints=CA:FALSE')];
    await openssl('req', '-x509', ...newKey, 'no-ca.key', '-out', 'no-ca.crt', '-days', '90', ...noCa);
    const leaf = ['-CA', 'no-ca.crt', '-CAkey', 'no-ca.key', ...extensions('leaf', `subjectAltName=DNS:${host}`)];
    await openssl('req', '-x509', ...newKey, 'leaf.key', '-out', 'leaf.crt', '-days', '90', ...leaf);
    const [between = '', certificate = '', key = ''] = await Promise.all(
      ['no-ca.crt', 'leaf.crt', 'leaf.key'].map(async (file) => readFile(join(folder, file), 'utf8')),
    );
    await rm(folder, { recursive: true });
    // openssl dates by its own clock, and may take a while.
    const later = addDays(at, 1);
    expect(codesOf({ caBundle, certificate: `${certificate}${between}`, key }, later)).toStrictEqual([
      'not_signed_by_ca',
    ]);
    expect(codesOf({ caBundle: between, certificate, key }, later)).toStrictEqual(['not_a_ca', 'not_signed_by_ca']);
  });

  test('a rotation under way shows its next step', () => {
    expect(inspect(trustBoth(good, other, now), { now, host, complete: true })).toMatchObject({
      nextStep: 'serve-new',
      findings: [],
      certificates: [{}, {}, {}, { role: 'next' }],
    });
  });

  test('a certificate that may be used by clients only', () => {
    // A certificate's text is what any CA may write: here ours, with the last byte of serverAuth's OID changed to
    // clientAuth's.
    const der = Buffer.from(good.certificate.replaceAll(/-----[^-]+-----|\n/g, ''), 'base64');
    const oid = der.indexOf(Buffer.from('2b06010505070301', 'hex'));
    expect(oid).toBeGreaterThan(0);
    der[oid + 7] = 2;
    const certificate = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
    expect(codesOf({ ...good, certificate })).toStrictEqual(['not_signed_by_ca', 'wrong_purpose']);
  });
});

/** A serving certificate of the first CA with another profile. */
function withProfile(profile: Parameters<typeof signCertificate>[0]['profile']): CertificateMaterial {
  const certificate = signCertificate({
    commonName: host,
    serial: first.servingSerial,
    notBefore: now,
    notAfter: addDays(now, 90),
    key: first.servingKey,
    profile,
    issuer: { certificate: good.caBundle, key: first.caKey },
  });
  return { ...good, certificate };
}

describe('reuse', () => {
  const question = { service, namespace, now };

  test.each<[string, string, () => Partial<CertificateMaterial> | undefined, Date]>([
    ['there is none', 'new', () => undefined, now],
    ['it is good', 'keep', () => good, now],
    ['a rotation is under way', 'keep', () => trustBoth(good, other, now), now],
    ['only the next pair is broken', 'keep', () => ({ ...good, next: { certificate: '', key: '' } }), now],
    ['it ends soon', 'rotate', () => good, addDays(now, 710)],
    ['it has ended', 'new', () => good, addDays(now, 731)],
    ['the release has another name', 'new', () => makeMaterial({ dnsNames: ['web.shop.svc'], now }, first), now],
    ['a part is missing', 'new', () => ({ caBundle: good.caBundle }), now],
    ['the parts do not belong together', 'new', () => ({ ...good, key: other.key }), addDays(now, 710)],
  ])('%s: %s', (_, action, material, at) => {
    expect(decideReuse({ ...question, material: material(), now: at }).action).toBe(action);
  });

  test("with the CA's key, a new serving certificate is enough if the CA is valid and trusted", () => {
    const ca = { certificate: good.caBundle, key: first.caKey };
    const soon = addDays(now, 710);
    expect(decideReuse({ ...question, material: good, now: soon, ca })).toMatchObject({
      action: 'renew-serving',
      findings: [{ code: 'expires_soon' }],
    });
    expect(decideReuse({ ...question, material: good, now, ca }).action).toBe('keep');
    expect(decideReuse({ ...question, material: good, service: 'web', now, ca }).action).toBe('renew-serving');
    expect(decideReuse({ ...question, material: other, now: soon, ca }).action).toBe('rotate');
    expect(decideReuse({ ...question, material: good, now: addDays(now, 3640), ca }).action).toBe('new');
    const renewed = makeServing({ dnsNames, now: soon }, withNewSerials(second), ca);
    expect(renewed.caBundle).toBe(good.caBundle);
    expect(decideReuse({ ...question, material: renewed, now: soon }).action).toBe('keep');
  });
});

describe('values', () => {
  test('return what was stored', () => {
    const rotating = trustBoth(good, other, now);
    for (const material of [good, rotating])
      expect(materialOfValues(JSON.parse(JSON.stringify(valuesOfMaterial(material))))).toStrictEqual(material);
  });

  test('contain every key, so that nothing stays from an earlier upgrade', () => {
    expect(valuesOfMaterial(good).certs.next).toStrictEqual({ certificate: '', key: '' });
  });

  test.each([
    [undefined],
    [{}],
    [{ certs: { mode: 'certManager', caBundle: 'x' } }],
    [{ certs: { mode: 'baked', caBundle: '' } }],
  ])('hold none: %j', (values) => {
    expect(materialOfValues(values)).toBeUndefined();
  });

  test('that are not text are refused with their place', () => {
    expect(() => materialOfValues({ certs: { mode: 'baked', key: 5 } })).toThrow(
      expect.objectContaining({ code: 'CERTIFICATE_INVALID', where: 'certs.key' }),
    );
  });
});
