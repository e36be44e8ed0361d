import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programPaths } from '../../scripts/cluster/goBuild.ts';
import { kubernetes } from '../../scripts/cluster/goModules.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensurePackages } from '../../scripts/cluster/requirements.ts';
import { ensureKrew, ensureTools } from '../../scripts/cluster/tools.ts';
import { buildRelease } from '../../scripts/release/buildRelease.ts';
import { readElf, tag, stringAt } from '../../scripts/release/node/elf.ts';
import { ownPlatform } from '../../scripts/release/platforms.ts';
import { parts } from '../../scripts/release/releaseFiles.ts';
import { version } from '../../src/version.ts';
import { ensureArm64Libraries } from '../support/long/arm64.ts';
import { unpack } from '../support/long/releaseArchive.ts';

const commit = { hash: '0123456789abcdef0123456789abcdef01234567', seconds: 1_800_000_000 };
const url = 'https://downloads.example/v1';
let folder = '';
const at = (...names: string[]): string => join(folder, ...names);
const archive = (platform: string, suffix = 'tar.gz'): string =>
  at('one', `packet-capture_${version}_${platform.replace('-', '_')}.${suffix}`);

async function text(program: string, args: readonly string[]): Promise<string> {
  return (await execa(program, args)).stdout;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-release-'));
  await ensurePackages([{ name: 'unzip', programs: ['unzip'] }], stderrProgress);
  await buildRelease(at('one'), commit, { parts, url }, stderrProgress);
}, 1_800_000);

afterAll(async () => rm(folder, { recursive: true }));

test('two builds are byte-equal, also in another time zone', async () => {
  const before = process.env['TZ'];
  process.env['TZ'] = 'Asia/Shanghai';
  const files = await buildRelease(at('two'), commit, { parts, url }, stderrProgress);
  process.env['TZ'] = before;
  expect(files).toHaveLength(parts.length + 2);
  for (const file of files) {
    const path = file.slice(at('two').length);
    expect((await readFile(file)).equals(await readFile(join(at('one'), path))), path).toBe(true);
  }
});

test('sha256sum finds all files as SHA256SUMS has them', async () => {
  const { stdout } = await execa('sha256sum', ['--check', 'SHA256SUMS'], { cwd: at('one') });
  expect(stdout.split('\n')).toHaveLength(parts.length);
});

test('an archive has the program, the licences and a README, of nobody and of the time of the commit', async () => {
  const listed = await text('tar', ['--utc', '--full-time', '-tvzf', archive('linux-amd64')]);
  expect(listed.split('\n').map((line) => line.replaceAll(/ +\d+ (?=2027)/g, ' '))).toEqual(
    ['-rw-r--r-- 0/0 LICENSE', '-rw-r--r-- 0/0 README.txt', '-rw-r--r-- 0/0 THIRD-PARTY-LICENSES']
      .concat('-rwxr-xr-x 0/0 packet-capture')
      .map((line) => line.replace('0/0 ', '0/0 2027-01-15 08:00:00 ')),
  );
  const names = (await text('unzip', ['-Z1', archive('windows-amd64', 'zip')])).split('\n');
  expect(names).toEqual(['LICENSE', 'README.txt', 'THIRD-PARTY-LICENSES', 'packet-capture.exe']);
  await unpack(archive('linux-amd64'), at('amd64'));
  expect(await readFile(at('amd64', 'THIRD-PARTY-LICENSES'), 'utf8')).toMatch(
    /^Node\n====\n[^]*\ncommander\n=========\n/,
  );
});

test('the program for Linux asks for no library that a bare Debian lacks', async () => {
  for (const platform of ['linux-amd64', 'linux-arm64']) {
    await unpack(archive(platform), at(platform));
    const bytes = await readFile(at(platform, 'packet-capture'));
    const elf = readElf(bytes);
    const needed = elf.dynamic.filter((entry) => entry.tag === tag.needed);
    const libraries = new Set(needed.map(({ value }) => stringAt(bytes, elf, value).replace(/\.so.*/, '')));
    expect([...libraries].toSorted(), platform).toEqual(
      ['ld-linux-', 'libc', 'libdl', 'libgcc_s', 'libm', 'libpthread', 'libstdc++'].map((name) =>
        name === 'ld-linux-' ? (platform === 'linux-amd64' ? 'ld-linux-x86-64' : 'ld-linux-aarch64') : name,
      ),
    );
  }
});

test('the program for arm64 runs, in an emulator', async () => {
  const libraries = await ensureArm64Libraries(at('libraries'));
  await unpack(archive('linux-arm64'), at('linux-arm64'));
  const { stdout } = await execa('qemu-aarch64-static', [
    '-L',
    libraries,
    at('linux-arm64', 'packet-capture'),
    'version',
    '-o',
    'json',
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ form: 'executable', commit: commit.hash, platform: 'linux/arm64' });
});

test('the programs for Windows and macOS are of their kind and have no signature that is not valid any more', async () => {
  await execa('unzip', ['-o', archive('windows-amd64', 'zip'), '-d', at('windows')]);
  const program = await readFile(at('windows', 'packet-capture.exe'));
  const header = program.readUInt32LE(60);
  expect(program.toString('latin1', header, header + 2)).toBe('PE');
  expect(program.readBigUInt64LE(header + 24 + 112 + 4 * 8)).toBe(0n);
  for (const platform of ['darwin-amd64', 'darwin-arm64']) {
    await unpack(archive(platform), at(platform));
    const bytes = await readFile(at(platform, 'packet-capture'));
    expect(bytes.readUInt32LE(0), platform).toBe(0xfe_ed_fa_cf);
    expect(loadCommands(bytes), platform).not.toContain(0x1d);
  }
});

/** The kinds of a Mach-O file's load commands; 0x1d is that of a signature. */
function loadCommands(bytes: Buffer): number[] {
  const kinds: number[] = [];
  let offset = 32;
  for (let left = bytes.readUInt32LE(16); left > 0; left -= 1) {
    kinds.push(bytes.readUInt32LE(offset));
    offset += bytes.readUInt32LE(offset + 4);
  }
  return kinds;
}

test('real krew installs the plugin from the manifest and the archive, and kubectl runs it', async () => {
  await ensureTools(stderrProgress);
  const krew = await ensureKrew(stderrProgress);
  const { kubectl } = await programPaths(kubernetes);
  const path = [at('krew', 'bin'), dirname(kubectl), process.env['PATH'] ?? ''].join(delimiter);
  const env = { KREW_ROOT: at('krew'), HOME: folder, PATH: path };
  const manifest = `--manifest=${at('one', 'krew', 'packet-capture.yaml')}`;
  const { stderr } = await execa(krew, ['install', manifest, `--archive=${archive(ownPlatform)}`], { env });
  expect(stderr).toContain('Installed plugin: packet-capture');
  const help = await execa(kubectl, ['packet-capture', 'attach', '--help'], { env });
  expect(help.stdout).toMatch(/^Usage: kubectl packet-capture attach /);
  const facts = await execa(kubectl, ['packet-capture', 'version', '-o', 'json'], { env });
  expect(JSON.parse(facts.stdout)).toMatchObject({ form: 'executable', commit: commit.hash });
});

test('krew refuses an archive that is not the one of the manifest', async () => {
  const krew = await ensureKrew(stderrProgress);
  const env = { KREW_ROOT: at('krew-refused'), HOME: folder };
  const manifest = `--manifest=${at('one', 'krew', 'packet-capture.yaml')}`;
  const { stderr, exitCode } = await execa(krew, ['install', manifest, `--archive=${archive('darwin-arm64')}`], {
    env,
    reject: false,
  });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('checksum') });
});
