import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { buildahEnvironment } from '../../scripts/cluster/images.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureGoVulnerabilities } from '../../scripts/cluster/tools.ts';
import { ownArchitecture } from '../../scripts/images/architectures.ts';
import { agentGoVersion } from '../../scripts/images/goBase.ts';
import { imageFor, injectorImage } from '../../scripts/images/names.ts';
import type { Layout } from '../../scripts/release/oci/layout.ts';
import {
  architecturesOf,
  imageNames,
  writeReleaseImage,
  type ImageName,
} from '../../scripts/release/oci/releaseImages.ts';
import { scanGoPrograms } from '../../scripts/release/publish/goScan.ts';
import { version } from '../../src/version.ts';
import { emulator, ensureEmulator, runEmulated, unpackImage } from '../support/long/emulatedImage.ts';

const origin = { commit: { hash: '0123456789abcdef0123456789abcdef01234567', seconds: 1_800_000_000 } };
const layouts: Partial<Record<ImageName, Layout>> = {};
let folder = '';
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-images-'));
  await ensureEmulator();
  for (const name of imageNames) {
    const layout = await writeReleaseImage(name, at(name), origin, stderrProgress);
    layouts[name] = layout;
    for (const architecture of architecturesOf(name))
      await unpackImage(layout, `linux/${architecture}`, at(`${name}-${architecture}`));
  }
}, 3_600_000);

afterAll(async () => rm(folder, { recursive: true }));

/** The paths of an image's files, without the name of the architecture. */
async function files(root: string): Promise<string[]> {
  const { stdout } = await run(['find', root, '-mindepth', '1', '-printf', '%y %m %U %G %P\n']);
  return stdout
    .split('\n')
    .map((line) =>
      line
        .replaceAll(/(x86_64|aarch64)-linux-gnu/g, 'ARCH-linux-gnu')
        .replace(/lib(64)?\/ld-linux-(x86-64|aarch64)\.so\.\d/, 'LOADER'),
    )
    .toSorted();
}

describe.each(imageNames.filter((name) => name !== 'cli'))('the image %s', (name) => {
  test('has the same files for both platforms', async () => {
    expect(await files(at(`${name}-arm64`))).toEqual(await files(at(`${name}-amd64`)));
  });

  test('has the licence and the source package of each Debian package, the offer of their sources, and no cache', async () => {
    const root = at(`${name}-arm64`);
    const { stdout } = await run(['ls', join(root, 'var/lib/dpkg/status.d')]);
    const sources = await readFile(join(root, 'usr/share/doc/sources'), 'utf8');
    for (const packageName of stdout.split('\n')) {
      const control = await readFile(join(root, 'var/lib/dpkg/status.d', packageName), 'utf8');
      expect((await readFile(join(root, 'usr/share/doc', packageName, 'copyright'), 'utf8')).length).toBeGreaterThan(
        99,
      );
      const [, source = packageName] = /^Source: (\S+)/m.exec(control) ?? [];
      expect(sources).toContain(`${source} `);
    }
    expect(await readFile(join(root, 'usr/share/doc/SOURCE-OFFER'), 'utf8')).toContain('for at least three years');
    expect(await files(root)).not.toContainEqual(
      expect.stringMatching(/ (var\/cache|var\/log|var\/lib\/apt|tmp|root)\b/),
    );
  });
});

test('the image of the command line has the licence and the source package of each of its packages, and its libraries', async () => {
  const root = at(`cli-${ownArchitecture}`);
  const database = `--admindir=${join(root, 'var/lib/dpkg')}`;
  const { stdout } = await run(['dpkg-query', database, '--show', '--showformat', '${Package} ${source:Package}\n']);
  const sources = await readFile(join(root, 'usr/share/doc/sources'), 'utf8');
  const packages = stdout.trim().split('\n');
  expect(packages.length).toBeGreaterThan(50);
  for (const line of packages) {
    const [name = '', source = ''] = line.split(' ');
    expect((await readFile(join(root, 'usr/share/doc', name, 'copyright'), 'utf8')).length, name).toBeGreaterThan(99);
    expect(sources).toContain(`${source} `);
  }
  const docs = join(root, 'usr/share/doc');
  expect(await readFile(join(docs, 'SOURCE-OFFER'), 'utf8')).toContain('for at least three years');
  expect(await readFile(join(docs, 'packet-capture/commander/package.json'), 'utf8')).toContain('"version":"');
});

test('no Go program of an image has a known vulnerability that the VEX file does not explain', async () => {
  const { programs, findings } = await scanGoPrograms(await ensureGoVulnerabilities(stderrProgress), stderrProgress);
  expect(findings).toEqual([]);
  // The agent and rclone, the agent of the slim image, each for two architectures.
  expect(programs).toBe(6);
});

test('a known vulnerability of the Go that they are built with is found', async () => {
  const { govulncheck } = await ensureGoVulnerabilities(stderrProgress);
  const ranges = [{ type: 'SEMVER', events: [{ introduced: '0' }] }];
  const entry = {
    id: 'GO-0000-0001',
    modified: '2026-01-01T00:00:00Z',
    published: '2026-01-01T00:00:00Z',
    affected: [{ package: { name: 'stdlib', ecosystem: 'Go' }, ranges, ecosystem_specific: {} }],
  };
  await mkdir(at('database/data/osv'), { recursive: true });
  await writeFile(at('database/data/osv/GO-0000-0001.json'), JSON.stringify(entry));
  const { findings } = await scanGoPrograms({ govulncheck, module: at('database') }, stderrProgress);
  const part = `stdlib v${await agentGoVersion()}`;
  expect(findings).toEqual([{ id: 'GO-0000-0001', severity: 'Unknown', part, fixedIn: '' }]);
});

test('an image that is built again has the same digest', async () => {
  const other = ownArchitecture === 'amd64' ? 'arm64' : 'amd64';
  await run(['buildah', 'rmi', imageFor(injectorImage, other)], { env: buildahEnvironment });
  const again = await writeReleaseImage('injector', at('again'), origin, stderrProgress);
  expect(again).toEqual({ ...layouts.injector, folder: at('again') });
});

test('the agent for arm64 starts, and compiles filters with its tcpdump', async () => {
  const root = at('agent-arm64');
  const facts = await runEmulated(root, ['/usr/bin/packet-capture-agent', 'version']);
  expect(facts).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(version) });
  const compiled = await runEmulated(root, ['/usr/bin/tcpdump', '-y', 'EN10MB', '-d', 'tcp port https']);
  expect(compiled.stdout).toContain('#0x1bb');
  const machine = await runEmulated(root, ['/usr/bin/busybox', 'uname', '-m']);
  expect(machine.stdout).toBe('aarch64');
  expect((await runEmulated(root, ['/usr/bin/rclone', 'version'])).stdout).toMatch(/^rclone v/);
});

test('the packages of the agent that need no packet socket pass their tests for arm64', async () => {
  const env = { GOARCH: 'arm64', CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };
  const packages = ['pcapng', 'ring', 'files', 'status', 'backoff', 'filter'].map((name) => `./internal/${name}`);
  const { stdout } = await run(['go', 'test', '-exec', emulator, ...packages], { cwd: 'agent', env });
  expect(stdout.match(/^ok/gm)).toHaveLength(packages.length);
});

test('the injector for arm64 starts', async () => {
  const { exitCode, stdout, stderr } = await runEmulated(at('injector-arm64'), [
    '/usr/bin/node',
    '--max-semi-space-size=4',
    '--single-threaded-gc',
    '/app/injector.cjs',
    '--help',
  ]);
  expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Usage: ') });
});
