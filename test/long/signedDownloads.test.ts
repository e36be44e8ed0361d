import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureCosign } from '../../scripts/cluster/tools.ts';
import { version } from '../../src/version.ts';
import { commandBlocks } from '../support/site/commandBlocks.ts';

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const archive = `packet-capture-${version}.tgz`;
const password = 'of a key that lives as long as this test';
let folder = '';
let cosign = '';
let signed = '';
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-signed-'));
  cosign = await ensureCosign(stderrProgress);
  await writeFile(at('password'), `${password}\n`, { mode: 0o600 });
  const env = { COSIGN_PASSWORD: password };
  for (const prefix of ['own', 'other'])
    await execa(cosign, ['generate-key-pair', '--output-key-prefix', at(prefix)], { env });
  await release(['build', '--only', 'npm', '--out', at('downloads')]);
  const key = ['--key', at('own.key'), '--password-file', at('password')];
  signed = (await release(['sign-downloads', '--out', at('downloads'), ...key])).stdout;
}, 1_800_000);

afterAll(async () => rm(folder, { recursive: true }));

async function release(args: readonly string[]): Promise<Ended> {
  const options = { reject: false } as const;
  const { exitCode = -1, stdout, stderr } = await execa(process.execPath, ['scripts/release.ts', ...args], options);
  return { exitCode, stdout, stderr };
}

async function verifyDownloads(key = 'own.pub'): Promise<Ended> {
  return release(['verify-downloads', '--out', at('downloads'), '--key', at(key)]);
}

test('downloads are verified by their signed checksums, also by the commands of SECURITY.md', async () => {
  expect(signed).toBe(at('downloads', 'SHA256SUMS.sigstore.json'));
  expect(await verifyDownloads()).toMatchObject({ exitCode: 0, stdout: archive });
  const blocks = commandBlocks(await readFile('SECURITY.md', 'utf8')).map(({ text }) => text);
  const block = blocks.find((text) => text.includes('cosign verify-blob')) ?? '';
  const typed = block.replace('cosign.pub', at('own.pub'));
  const options = { cwd: at('downloads'), env: { PATH: `${dirname(cosign)}:${process.env['PATH']}` } };
  const { stdout } = await execa('bash', ['-ec', typed], options);
  expect(stdout).toContain(`${archive}: OK`);
});

test('downloads are refused without a signature', async () => {
  const [path, other] = [at('downloads', 'SHA256SUMS.sigstore.json'), at('downloads', 'moved')];
  await rename(path, other);
  const { exitCode, stderr } = await verifyDownloads();
  await rename(other, path);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('error NOT_FOUND: ') });
});

test("downloads are refused by another's key", async () => {
  const { exitCode, stderr } = await verifyDownloads('other.pub');
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('error RELEASE_UNVERIFIED: SHA256SUMS'),
  });
});

test.each([archive, 'SHA256SUMS', 'SHA256SUMS.sigstore.json'])(
  'downloads are refused with a changed byte in %s',
  async (name) => {
    const before = await readFile(at('downloads', name));
    const after = Buffer.from(before);
    const middle = name === 'SHA256SUMS' ? 5 : Math.floor(after.length / 2);
    // Of a checksum, which stays one.
    after[middle] = before[middle] === 0x61 ? 0x62 : 0x61;
    await writeFile(at('downloads', name), after);
    const { exitCode, stderr } = await verifyDownloads();
    await writeFile(at('downloads', name), before);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('error RELEASE_UNVERIFIED: '),
    });
  },
);
