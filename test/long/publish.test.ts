import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureHelm, ensureReleasePrograms, type ReleasePrograms } from '../../scripts/cluster/tools.ts';
import { ownArchitecture } from '../../scripts/images/architectures.ts';
import type { PublishedImage, ReleaseRecord } from '../../scripts/release/publish/record.ts';
import { version } from '../../src/version.ts';
import { startRegistry, type TestRegistry } from '../support/long/registry.ts';

let folder = '';
let programs: ReleasePrograms;
let registry: TestRegistry;
const records: ReleaseRecord[] = [];
const at = (...names: string[]): string => join(folder, ...names);
/** What was published last. */
function published(): Published {
  const [record] = records;
  if (record === undefined) throw new Error('nothing was published');
  return record as Published;
}

/** As {@link ReleaseRecord}, with what each release has. */
type Published = ReleaseRecord & {
  readonly images: Record<
    'agent' | 'agent-slim' | 'injector' | 'cli',
    PublishedImage & { readonly platforms: Platforms }
  >;
};
type Platforms = Record<'linux/amd64' | 'linux/arm64', string>;

const password = 'of a key that lives as long as this test';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-publish-'));
  programs = await ensureReleasePrograms(stderrProgress, false);
  await writeFile(at('password'), `${password}\n`, { mode: 0o600 });
  const env = { COSIGN_PASSWORD: password };
  for (const prefix of ['own', 'other'])
    await execa(programs.cosign, ['generate-key-pair', '--output-key-prefix', at(prefix)], { env });
  const port = await publishOnce('one');
  await registry.stop();
  await publishOnce('two', port);
}, 3_600_000);

afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true });
});

/** Publishes into an empty registry, which is that of all tests. */
async function publishOnce(name: string, port?: number): Promise<number> {
  registry = await startRegistry(port);
  records.push(JSON.parse((await publishTo(name)).stdout) as ReleaseRecord);
  return Number(registry.address.split(':')[1]);
}

async function publishTo(name: string): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const place = ['--registry', `${registry.address}/team`, '--plain-http', '--out', at(name)];
  return release(['publish', ...place, '--key', at('own.key'), '--password-file', at('password'), '--scan', 'off']);
}

async function release(args: readonly string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const {
    exitCode = -1,
    stdout,
    stderr,
  } = await execa(process.execPath, ['scripts/release.ts', ...args], {
    reject: false,
  });
  return { exitCode, stdout, stderr };
}

async function verify(key = 'own.pub'): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  return release(['verify', '--registry', `${registry.address}/team`, '--plain-http', '--key', at(key)]);
}

test('from an empty registry to a verified release, twice with the same digests of images and chart', () => {
  const [one, two] = records;
  expect(one).toEqual(two);
  expect(Object.entries(one?.images ?? {}).map(([name, { tag }]) => [name, tag])).toEqual([
    ['agent', version],
    ['agent-slim', `${version}-slim`],
    ['injector', version],
    ['cli', version],
  ]);
  const { cli, ...others } = published().images;
  for (const { platforms } of Object.values(others))
    expect(Object.keys(platforms)).toEqual(['linux/amd64', 'linux/arm64']);
  expect(Object.keys(cli.platforms)).toEqual([`linux/${ownArchitecture}`]);
});

test('verify finds in the registry what publish has written', async () => {
  const { exitCode, stdout } = await verify();
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual(records[0]);
  expect(JSON.parse(await readFile(at('one', 'release.json'), 'utf8'))).toEqual(records[0]);
});

test("the signatures of another's key are refused", async () => {
  expect(await verify('other.pub')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('error RELEASE_UNVERIFIED: '),
  });
});

test('a second run changes nothing', async () => {
  const { stdout } = await publishTo('again');
  expect(JSON.parse(stdout)).toEqual(records[0]);
});

test.each([3, 4] as const)('helm %i pulls the chart, which names the images by digest', async (major) => {
  const helm = await ensureHelm(major, stderrProgress);
  const { chart, images } = published();
  const args = ['pull', `oci://${chart.name}`, '--version', version, '--plain-http', '--untar'];
  await execa(helm, [...args, '--untardir', at(`helm${major}`)]);
  const values = parse(await readFile(at(`helm${major}`, 'packet-capture', 'values.yaml'), 'utf8')) as object;
  const place = `${registry.address}/team`;
  expect(values).toMatchObject({
    agent: { image: { registry: place, digest: images.agent.digest } },
    image: { registry: place, digest: images.injector.digest },
  });
  const { stdout } = await execa(helm, [
    'template',
    'x',
    at(`helm${major}`, 'packet-capture'),
    '--kube-version=1.31.0',
  ]);
  expect(stdout).toContain(`${place}/packet-capture/injector@${images.injector.digest}`);
});

test('an image is not root, and says what it is', async () => {
  const { images, commit } = published();
  for (const { name, digest, platforms } of Object.values(images)) {
    for (const platform of Object.keys(platforms)) {
      const args = ['config', `${name}@${digest}`, '--platform', platform, '--insecure'];
      const config = JSON.parse((await execa(programs.crane, args)).stdout) as {
        readonly architecture: string;
        readonly config: { readonly User: string; readonly Labels: Record<string, string> };
      };
      expect(`linux/${config.architecture}`).toBe(platform);
      expect(config.config.User).toMatch(/^[1-9]\d*:[1-9]\d*$/);
      expect(config.config.Labels).toMatchObject({
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.revision': commit,
        'org.opencontainers.image.licenses': expect.stringContaining('Apache-2.0'),
        'org.opencontainers.image.title': expect.stringContaining('packet-capture'),
      });
    }
  }
});

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: ReadonlyArray<{ readonly digest: string }>;
}

const layerOf = ({ layers }: Manifest): string => layers[0]?.digest ?? '';

/** The digests of everything that makes up the release, by what it is. */
async function partsOfRelease(): Promise<[string, string][]> {
  const { images, chart } = published();
  const { agent } = images;
  const arm64 = agent.platforms['linux/arm64'];
  const manifest = async (reference: string): Promise<Manifest> =>
    JSON.parse((await execa(programs.crane, ['manifest', reference, '--insecure'])).stdout) as Manifest;
  const image = await manifest(`${agent.name}@${arm64}`);
  const packed = await manifest(`${chart.name}@${chart.digest}`);
  const beside = (digest: string, kind: string): string => digest.replace(':', '-') + `.${kind}`;
  const signature = await manifest(`${agent.name}:${beside(agent.digest, 'sig')}`);
  const chartSignature = await manifest(`${chart.name}:${beside(chart.digest, 'sig')}`);
  const provenance = await manifest(`${agent.name}:${beside(agent.digest, 'att')}`);
  const sbom = await manifest(`${agent.name}:${beside(arm64, 'att')}`);
  return [
    ['the index of an image', agent.digest],
    ['the manifest for arm64', arm64],
    ['its configuration', image.config.digest],
    ['its layer', layerOf(image)],
    ['the manifest of the chart', chart.digest],
    ['its description', packed.config.digest],
    ['its archive', layerOf(packed)],
    ['the signature of the image', layerOf(signature)],
    ['the signature of the chart', layerOf(chartSignature)],
    ['the provenance', layerOf(provenance)],
    ['the SBOM', layerOf(sbom)],
    ['the index of the command line', images.cli.digest],
  ];
}

test('a changed byte anywhere is refused', async () => {
  for (const [what, digest] of await partsOfRelease()) {
    const hash = digest.replace('sha256:', '');
    const path = join(registry.blobs, hash.slice(0, 2), hash, 'data');
    const before = await readFile(path);
    const after = Buffer.from(before);
    const middle = Math.floor(after.length / 2);
    after[middle] = (after[middle] ?? 0) ^ 1;
    await writeFile(path, after);
    const { exitCode, stderr } = await verify();
    await writeFile(path, before);
    expect({ what, exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('error ') });
    console.log(`${what}: ${/error (.*)/.exec(stderr)?.[1]?.slice(0, 160)}`);
  }
  expect((await verify()).exitCode).toBe(0);
});

test('an image under the tag that another has signed is refused, and never replaced by publish', async () => {
  const { images } = published();
  const { agent } = images;
  const target = `${agent.name}:${version}`;
  // One that is signed, too, but is not what the chart names.
  await execa(programs.crane, ['tag', `${agent.name}@${images['agent-slim'].digest}`, version, '--insecure']);
  expect(await verify()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('the chart names the agent') });
  expect(await publishTo('refused')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('error RELEASE_EXISTS: '),
  });
  await execa(programs.crane, ['tag', `${agent.name}@${agent.digest}`, version, '--insecure']);
  expect((await verify()).exitCode, target).toBe(0);
});

test('the password of the key is in no output and no file of the release', async () => {
  const { stdout } = await execa('grep', ['-rl', '--', password, at('one'), at('two')], { reject: false });
  expect(stdout).toBe('');
});
