import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { buildRelease } from '../../scripts/release/buildRelease.ts';
import { packNpmPackage } from '../../scripts/release/npmPackage.ts';
import { ownPlatform } from '../../scripts/release/platforms.ts';
import { clusterCommands, writeProgram } from '../support/commands/clusterCommands.ts';
import { unpack } from '../support/long/releaseArchive.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';
let folder = '';
let tarball = '';
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-release-'));
  await mkdir(at('installed'));
  const parts = ['npm', ownPlatform] as const;
  const files = await buildRelease(folder, { hash: commit, seconds: 1_800_000_000 }, { parts }, stderrProgress);
  tarball = files[0] ?? '';
  await unpack(files[1] ?? '', at('unpacked'));
  await symlink('packet-capture', at('unpacked', 'kubectl-packet_capture'));
  await execa('npm', ['install', '--offline', '--no-audit', '--prefix', at('installed'), tarball]);
  await writeProgram(at('kubectl'), `echo '{"apiVersion":"v1","kind":"List","metadata":{},"items":[]}'`);
  await writeProgram(at('helm'), `[ "$1" = version ] && echo v4.3.0`);
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1' }, spec: { containers: [{ name: 'web' }] } };
  await writeFile(at('pod.json'), JSON.stringify(pod));
  const contexts = [{ name: 'shop', context: { cluster: 'shop', user: 'shop' } }];
  await writeFile(at('kubeconfig'), JSON.stringify({ apiVersion: 'v1', kind: 'Config', contexts }));
}, 1_800_000);

afterAll(async () => rm(folder, { recursive: true }));

/** With the Node of these tests first. */
const searchPath = `${dirname(process.execPath)}:${process.env['PATH']}`;

async function run(program: readonly string[], args: readonly string[]): Promise<object> {
  const env = {
    PATH: searchPath,
    KUBECTL: at('kubectl'),
    HELM: at('helm'),
    KUBECONFIG: at('kubeconfig'),
  };
  const [file = '', ...before] = program;
  const { exitCode, stdout, stderr } = await execa(file, [...before, ...args], { cwd: folder, env, reject: false });
  return { exitCode, stdout, stderr };
}

const installed = (name = 'packet-capture'): string[] => [at('installed', 'node_modules', '.bin', name)];
const checkout = [process.execPath, resolve('bin/packet-capture.js')];

test('two builds of the package are byte-equal', async () => {
  await mkdir(at('again'));
  const again = await packNpmPackage(at('again'), commit);
  expect((await readFile(again)).equals(await readFile(tarball))).toBe(true);
});

test('the command of the README runs the package without an install', async () => {
  const [, file = ''] = /^npx (\S+\.tgz) /m.exec(await readFile('README.md', 'utf8')) ?? [];
  await mkdir(at('bare', 'dist'), { recursive: true });
  await copyFile(tarball, join(at('bare'), file));
  const options = { cwd: at('bare'), env: { PATH: searchPath } };
  const { stdout } = await execa('npx', ['--yes', '--offline', file, 'version', '-o', 'json'], options);
  expect(JSON.parse(stdout)).toMatchObject({ form: 'npm', commit });
});

test('the command of the README installs both programs', async () => {
  const [, args = ''] = /`npm (install --global [^`]+)`/.exec(await readFile('README.md', 'utf8')) ?? [];
  await mkdir(at('checkout', 'dist'), { recursive: true });
  await packNpmPackage(at('checkout', 'dist'), commit);
  await execa('npm', [...args.split(' '), '--offline', '--no-audit', '--prefix', at('global')], {
    cwd: at('checkout'),
  });
  expect((await readdir(at('global', 'bin'))).toSorted()).toEqual(['kubectl-packet_capture', 'packet-capture']);
});

const forms = [
  { form: 'npm', program: installed },
  { form: 'executable', program: (name = 'packet-capture') => [at('unpacked', name)] },
] as const;

describe.each(forms)('the program as $form', ({ form, program }) => {
  test('knows its commit', async () => {
    const { stdout } = (await run(program(), ['version', '-o', 'json'])) as { stdout: string };
    expect(JSON.parse(stdout)).toMatchObject({ commit, form });
  });

  test.each([
    ['--version'],
    ['--help'],
    ['settings', '-o', 'json'],
    ['inject', '-f', 'pod.json', '-o', 'json'],
    ['policy'],
    ['completion', 'bash'],
    ['__complete', '--', 'attach', '--st'],
    ['__extcap', '--extcap-interfaces'],
    ['__extcap', '--extcap-config', '--extcap-interface', 'none'],
    ['chart', '--check', '--out', 'none'],
    ['chart', '--out', 'chart'],
    ...Object.entries(clusterCommands).map(([name, args]) => [
      name,
      ...args,
      ...(name === 'keep' ? ['--last', '1m'] : []),
    ]),
  ])('does what the checkout does: %s', async (...args) => {
    const expected = await run(checkout, args);
    await rm(at('chart'), { recursive: true, force: true });
    expect(await run(program(), args)).toEqual(expected);
  });

  test.each([['--version'], ['--help'], ['settings'], ['inject', '-f', 'pod.json'], ['policy']])(
    'needs no cluster for %s',
    async (...args) => {
      expect(await run(program(), args)).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/./) });
    },
  );

  test('writes the chart of the project', async () => {
    await run(program(), ['chart', '--out', `written-${form}`]);
    for (const entry of await readdir('chart', { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const written = await readFile(at(`written-${form}`, path.slice('chart/'.length)), 'utf8');
      expect(written, path).toBe(await readFile(path, 'utf8'));
    }
  });

  test("writes no chart without --out, since its own is not its user's", async () => {
    expect(await run(program(), ['chart'])).toMatchObject({ exitCode: 2, stdout: '' });
  });

  test('names itself as a plugin of kubectl when it is installed so', async () => {
    expect(await run(program('kubectl-packet_capture'), ['attach', '--help'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Usage: kubectl packet-capture attach /),
    });
  });

  test('installs a launcher by which Wireshark lists the contexts of kubectl', async () => {
    const home = at(`home-${form}`);
    const env = { PATH: searchPath, HOME: home, XDG_CONFIG_HOME: '', KUBECONFIG: at('kubeconfig') };
    const [file = '', ...before] = program();
    await execa(file, [...before, 'extcap', 'install'], { env });
    const launcher = join(home, '.local/lib/wireshark/extcap/packet-capture');
    const { stdout } = await execa(launcher, ['--extcap-interfaces'], { env: { HOME: home } });
    expect(stdout).toMatch(/^interface \{value=[^}]+\}\{display=Kubernetes: shop\}$/m);
  });

  test('leaves no folder of its own behind', async () => {
    const before = await readdir(tmpdir());
    await run(program(), ['install', '--dry-run']);
    const after = await readdir(tmpdir());
    expect(after.filter((name) => name.startsWith('packet-capture-') && !before.includes(name))).toEqual([]);
  });
});

test('helm is given the charts of the package', async () => {
  const packaged = at('installed', 'node_modules', 'packet-capture');
  for (const path of ['chart/Chart.yaml', 'src/release/helm/emptyChart/Chart.yaml', 'LICENSE', 'THIRD-PARTY-LICENSES'])
    expect((await readFile(join(packaged, path), 'utf8')).length, path).toBeGreaterThan(10);
});

test('the start of the executable takes at most 1.3 times as long as that of the checkout', async () => {
  const times = { checkout: [] as number[], executable: [] as number[] };
  const programs = { checkout, executable: [at('unpacked', 'packet-capture')] };
  for (let round = 0; round < 25; round += 1)
    for (const name of ['checkout', 'executable'] as const) {
      const from = performance.now();
      await run(programs[name], ['settings']);
      times[name].push(performance.now() - from);
    }
  const best = { checkout: Math.min(...times.checkout), executable: Math.min(...times.executable) };
  console.log(JSON.stringify(best));
  expect(best.executable / best.checkout).toBeLessThan(1.3);
});
