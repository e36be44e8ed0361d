import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type Pki, createPki, writePki } from '../../../../scripts/cluster/pki.ts';

let pki: Pki;
beforeAll(async () => {
  pki = await createPki(new Date('2030-01-01T00:00:00Z'));
});

test('every certificate is signed by the CA, fits its key and holds for a year', () => {
  const ca = new X509Certificate(pki.ca.certificate);
  expect(ca.ca).toBe(true);
  for (const { key, certificate } of Object.values(pki.certificates)) {
    const leaf = new X509Certificate(certificate);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(ca)).toBe(true);
    expect(leaf.verify(ca.publicKey)).toBe(true);
    expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect([leaf.validFrom, leaf.validTo]).toEqual(['Dec 31 23:55:00 2029 GMT', 'Jan  1 00:00:00 2031 GMT']);
  }
});

test('serial numbers and keys differ', () => {
  const all = Object.values(pki.certificates);
  expect(new Set(all.map(({ certificate }) => new X509Certificate(certificate).serialNumber)).size).toBe(all.length);
  expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
});

test('the names are those that Kubernetes binds its roles to', () => {
  const subject = (name: keyof typeof pki.certificates): string =>
    new X509Certificate(pki.certificates[name].certificate).subject;
  expect(subject('admin')).toBe('O=system:masters\nCN=admin');
  expect(subject('kubelet')).toBe('O=system:nodes\nCN=system:node:node0');
  expect(subject('scheduler')).toBe('CN=system:kube-scheduler');
});

test('the API server is known under its addresses and names', () => {
  const serving = new X509Certificate(pki.certificates.apiserver.certificate);
  for (const ip of ['10.250.0.1', '127.0.0.1', '10.96.0.1']) expect(serving.checkIP(ip)).toBe(ip);
  expect(serving.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc');
  expect(serving.checkHost('example.com')).toBeUndefined();
});

test('the files can be read by root alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-'));
  try {
    await writePki(pki, join(folder, 'pki'));
    const files = await readdir(join(folder, 'pki'));
    expect(files).toHaveLength(2 * (Object.keys(pki.certificates).length + 1) + 1);
    for (const file of files) expect((await stat(join(folder, 'pki', file))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, 'pki', 'admin.crt'), 'utf8')).toBe(pki.certificates.admin.certificate);
  } finally {
    await rm(folder, { recursive: true });
  }
});
