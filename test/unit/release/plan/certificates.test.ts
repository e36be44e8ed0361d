import { beforeAll, describe, expect, test } from 'vitest';
import {
  filesOfMaterial,
  issueMaterial,
  servingNames,
  type CertificateMaterial,
} from '../../../../src/certificates/index.ts';
import { withMaterial } from '../../../../src/release/helm/releaseValues.ts';
import {
  materialFindings,
  planCertificates,
  type CertificatePlan,
  type CertificateQuestion,
} from '../../../../src/release/plan/certificates.ts';

const now = new Date('2026-11-22T12:00:00Z');
const service = { name: 'capture', namespace: 'tools' };
const later = (days: number): Date => new Date(now.getTime() + days * 86_400_000);
let material: CertificateMaterial;
let expiring: CertificateMaterial;

beforeAll(async () => {
  const dnsNames = servingNames(service.name, service.namespace);
  material = await issueMaterial({ dnsNames, now });
  expiring = await issueMaterial({ dnsNames, now, days: 20 });
});

async function plan(question: Partial<CertificateQuestion>): Promise<CertificatePlan> {
  return planCertificates({
    values: {},
    mode: 'baked',
    before: undefined,
    secret: undefined,
    service,
    rotate: false,
    now,
    ...question,
  });
}

describe('baked', () => {
  test('are new for a first install, and for a release whose certificates do not work any more', async () => {
    const first = await plan({});
    expect(first).toMatchObject({ action: 'new', text: 'new', findings: [] });
    const again = await plan({ before: withMaterial({}, material), now: later(800) });
    expect(again).toMatchObject({ action: 'new', text: 'new, since those before do not work (expired)' });
    expect(again.material?.certificate).not.toBe(material.certificate);
  });

  test('are kept unchanged, from the values or from the Secret of a release', async () => {
    expect(await plan({ before: withMaterial({}, material) })).toMatchObject({ action: 'keep', material });
    const { 'next.pem': _, ...secret } = filesOfMaterial(material);
    expect(await plan({ before: { replicas: 1 }, secret })).toMatchObject({ action: 'keep', material });
  });

  test('another name of the Service needs another certificate', async () => {
    const renamed = await plan({ before: withMaterial({}, material), service: { ...service, name: 'other' } });
    expect(renamed).toMatchObject({ action: 'new', text: 'new, since those before do not work (san_mismatch)' });
  });

  test('are rotated in steps when they expire soon, and on request', async () => {
    expect(await plan({ before: withMaterial({}, expiring) })).toMatchObject({
      action: 'rotate',
      step: 'trust-both',
      text: 'rotation, step trust-both, since they expire soon',
    });
    const first = await plan({ before: withMaterial({}, material), rotate: true });
    expect(first).toMatchObject({ action: 'rotate', step: 'trust-both' });
    const second = await plan({ before: withMaterial({}, first.material!), rotate: true });
    expect(second).toMatchObject({ step: 'serve-new', material: { certificate: first.material?.next?.certificate } });
    const third = await plan({ before: withMaterial({}, second.material!), rotate: true });
    expect(third.step).toBe('drop-old');
    expect(third.material?.certificate).toBe(second.material?.certificate);
  });

  test('an ordinary upgrade does not change an interrupted rotation', async () => {
    const begun = await plan({ before: withMaterial({}, material), rotate: true });
    expect(await plan({ before: withMaterial({}, begun.material!) })).toMatchObject({
      action: 'keep',
      material: begun.material,
    });
  });
});

describe("the user's own", () => {
  test('are not changed, but checked', async () => {
    const own = await plan({ values: withMaterial({}, expiring), before: withMaterial({}, material) });
    expect(own).toMatchObject({ action: 'given', text: "the values' own" });
    expect(own.material).toBeUndefined();
    expect(new Set(own.findings.map(({ level, code }) => `${level} ${code}`))).toEqual(
      new Set(['warning custom_certificate_expires']),
    );
  });

  test('values that the release already had do not count as given', async () => {
    const before = withMaterial({}, material);
    expect(await plan({ values: before, before })).toMatchObject({ action: 'keep' });
  });

  test('another mode creates its own certificates', async () => {
    expect(await plan({ mode: 'certManager', before: withMaterial({}, material) })).toEqual({
      action: 'other',
      text: 'left to certs.mode certManager',
      findings: [],
    });
    await expect(plan({ mode: 'certManager', rotate: true })).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('a certificate for another name is an error', () => {
    const found = materialFindings(
      { certificate: material.certificate },
      { name: 'other', namespace: 'tools' },
      now,
      'secret/mine in tools',
    );
    expect(found).toMatchObject([
      {
        level: 'error',
        code: 'custom_certificate_unusable',
        where: 'secret/mine in tools',
        what: expect.stringContaining('san_mismatch') as string,
      },
    ]);
  });
});
