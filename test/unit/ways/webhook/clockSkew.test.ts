import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { issueMaterial, servingNames } from '../../../../src/certificates/index.ts';
import { certificateSource, type ServedCertificate } from '../../../../src/ways/webhook/server/certificate.ts';
import { unreadiness } from '../../../../src/ways/webhook/server/readiness.ts';

let folder = '';
let begins = 0;

/** Parses the certificate with a clock that is so many seconds before the start of its validity. */
async function servedBehind(seconds: number): Promise<ServedCertificate> {
  const now = (): Date => new Date(begins - seconds * 1000);
  const source = certificateSource(folder, undefined, now);
  return source.parse(await source.read());
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-test-'));
  const material = await issueMaterial({
    dnsNames: servingNames('capture', 'system'),
    now: new Date('2026-11-23T12:00:00Z'),
  });
  await Promise.all([
    writeFile(join(folder, 'tls.crt'), material.certificate),
    writeFile(join(folder, 'tls.key'), material.key),
  ]);
  const source = certificateSource(folder, undefined, () => new Date('2026-11-24T00:00:00Z'));
  begins = (await source.parse(await source.read())).notBefore.getTime();
});

afterAll(async () => rm(folder, { recursive: true, force: true }));

// With `certs.mode: generated`, a certificate is valid from the second when helm renders it, by the clock of helm's
// machine.
test.each([0, 1, 60, 299])(
  'a certificate that becomes valid in %i s is served, because the clock may be behind',
  async (seconds) => {
    const certificate = await servedBehind(seconds);
    expect(unreadiness({ listening: true, draining: false, certificate }, new Date(begins - seconds * 1000))).toEqual(
      [],
    );
  },
);

test.each([301, 3600])('a certificate that becomes valid in %i s is refused', async (seconds) => {
  await expect(servedBehind(seconds)).rejects.toMatchObject({
    code: 'CERTIFICATE_INVALID',
    message: expect.stringContaining('not valid before'),
  });
});
