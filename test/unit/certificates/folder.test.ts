import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeMaterial, nextStep, type CertificateMaterial } from '../../../src/certificates/index.ts';
import { dropOld, serveNew, trustBoth } from '../../../src/certificates/rotation.ts';
import { existingFiles, folderWrites, readFolder, writeFolder } from '../../../src/cli/commands/certs/certsFolder.ts';
import { dnsNames, makeGenerations } from '../../support/certificates/generation.ts';

const now = new Date();
let old: CertificateMaterial;
let fresh: CertificateMaterial;
let bothTrusted: CertificateMaterial;
let newServed: CertificateMaterial;
let folder: string;

beforeAll(async () => {
  const [first, second] = await makeGenerations();
  old = makeMaterial({ dnsNames, now }, first);
  fresh = makeMaterial({ dnsNames, now }, second);
  bothTrusted = trustBoth(old, fresh, now);
  newServed = serveNew(bothTrusted, now);
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'certificates-'));
});

afterEach(async () => rm(folder, { recursive: true }));

/** The folder after a rotation's step that began in one state and was ended after some of its writes. */
async function interrupted(
  before: CertificateMaterial,
  after: CertificateMaterial,
  writes: number,
): Promise<CertificateMaterial> {
  await writeFolder(folder, folderWrites(before));
  await writeFolder(folder, folderWrites(after).slice(0, writes));
  return (await readFolder(folder)) as CertificateMaterial;
}

describe('a folder', () => {
  test('returns what was stored, and contains nothing else', async () => {
    for (const material of [old, bothTrusted, newServed]) {
      await writeFolder(folder, folderWrites(material));
      await expect(readFolder(folder)).resolves.toStrictEqual(material);
    }
    expect((await readdir(folder)).toSorted()).toStrictEqual(['ca.crt', 'tls.crt', 'tls.key']);
  });

  test('only the owner can read files with a private key, also if others could read the file before', async () => {
    await writeFile(join(folder, 'tls.key'), old.key);
    await chmod(join(folder, 'tls.key'), 0o644);
    await writeFolder(folder, folderWrites({ ...bothTrusted, key: old.key }));
    const modes = await Promise.all(
      ['ca.crt', 'next.pem', 'tls.crt', 'tls.key'].map(async (file) => (await stat(join(folder, file))).mode & 0o777),
    );
    expect(modes.map((mode) => mode.toString(8))).toStrictEqual(['644', '600', '644', '600']);
  });

  test('absent files, and an absent folder, are read as absent', async () => {
    await writeFolder(folder, folderWrites(old));
    await rm(join(folder, 'tls.key'));
    await expect(readFolder(folder)).resolves.toStrictEqual({ caBundle: old.caBundle, certificate: old.certificate });
    await expect(existingFiles(folder)).resolves.toStrictEqual([join(folder, 'tls.crt'), join(folder, 'ca.crt')]);
    await expect(readFolder(join(folder, 'none'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await expect(existingFiles(join(folder, 'none'))).resolves.toStrictEqual([]);
  });

  test('that cannot be written is an error, and no other file stays', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(writeFolder(join(folder, 'file', 'below'), folderWrites(old))).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
    });
    await rm(join(folder, 'file'));
    await writeFolder(folder, folderWrites(old).slice(0, 2));
    await writeFolder(join(folder, 'ca.crt', 'in the way'), []);
    await expect(writeFolder(folder, folderWrites(fresh))).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      where: folder,
    });
    expect((await readdir(folder)).toSorted()).toStrictEqual(['ca.crt', 'tls.crt', 'tls.key']);
  });
});

describe('a rotation that is interrupted after any write can be continued', () => {
  test.each([0, 1, 2, 3, 4])('step 1, %i writes', async (writes) => {
    const found = await interrupted(old, bothTrusted, writes);
    // The last write is the bundle: before it nobody trusts the new CA, so another one is made.
    expect(nextStep(found, now)).toBe(writes < 4 ? 'trust-both' : 'serve-new');
    expect(writes < 4 ? trustBoth(found, fresh, now) : found).toStrictEqual(bothTrusted);
  });

  test.each([0, 1, 2, 3, 4])('step 2, %i writes', async (writes) => {
    const found = await interrupted(bothTrusted, newServed, writes);
    expect(nextStep(found, now)).toBe(writes < 4 ? 'serve-new' : 'drop-old');
    expect(writes < 4 ? serveNew(found, now) : found).toStrictEqual(newServed);
  });

  test.each([0, 1, 2, 3, 4])('step 3, %i writes', async (writes) => {
    const found = await interrupted(newServed, fresh, writes);
    expect(nextStep(found, now)).toBe(writes < 3 ? 'drop-old' : 'trust-both');
    expect(writes < 3 ? dropOld(found, now) : found).toStrictEqual(fresh);
  });
});
