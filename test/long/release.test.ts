import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packNpmPackage } from '../../scripts/release/npmPackage.ts';
import { clusterCommands, writeProgram } from '../support/commands/clusterCommands.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';
let folder = '';
let tarball = '';
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-release-'));
  await mkdir(at('installed'));
  tarball = await packNpmPackage(folder, commit);
  await execa('npm', ['install', '--offline', '--no-audit', '--prefix', at('installed'), tarball]);
  await writeProgram(at('kubectl'), `echo '{"apiVersion":"v1","kind":"List","metadata":{},"items":[]}'`);
  await writeProgram(at('helm'), `[ "$1" = version ] && echo v4.3.0`);
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1' }, spec: { containers: [{ name: 'web' }] } };
  await writeFile(at('pod.json'), JSON.stringify(pod));
});

afterAll(async () => rm(folder, { recursive: true }));

async function run(program: readonly string[], args: readonly string[]): Promise<object> {
  const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, KUBECTL: at('kubectl'), HELM: at('helm') };
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

test('the command of the README installs both programs', async () => {
  const [, args = ''] = /`npm (install --global [^`]+)`/.exec(await readFile('README.md', 'utf8')) ?? [];
  await mkdir(at('checkout', 'dist'), { recursive: true });
  await packNpmPackage(at('checkout', 'dist'), commit);
  await execa('npm', [...args.split(' '), '--offline', '--no-audit', '--prefix', at('global')], {
    cwd: at('checkout'),
  });
  expect((await readdir(at('global', 'bin'))).toSorted()).toEqual(['kubectl-packet_capture', 'packet-capture']);
});

test('the package knows its commit', async () => {
  const { stdout } = (await run(installed(), ['version', '-o', 'json'])) as { stdout: string };
  expect(JSON.parse(stdout)).toMatchObject({ commit, form: 'npm', node: process.versions.node });
});

test.each([
  ['--version'],
  ['--help'],
  ['settings', '-o', 'json'],
  ['inject', '-f', 'pod.json', '-o', 'json'],
  ['policy'],
  ['chart', '--check', '--out', 'none'],
  ['chart', '--out', 'chart'],
  ...Object.entries(clusterCommands).map(([name, args]) => [
    name,
    ...args,
    ...(name === 'keep' ? ['--last', '1m'] : []),
  ]),
])('the package does what the checkout does: %s', async (...args) => {
  const expected = await run(checkout, args);
  await rm(at('chart'), { recursive: true, force: true });
  expect(await run(installed(), args)).toEqual(expected);
});

test.each([['--version'], ['--help'], ['settings'], ['inject', '-f', 'pod.json'], ['policy']])(
  'the package needs no cluster for %s',
  async (...args) => {
    expect(await run(installed(), args)).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/./) });
  },
);

test('the package writes the chart of the project', async () => {
  await run(installed(), ['chart', '--out', 'written']);
  for (const entry of await readdir('chart', { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    expect(await readFile(at('written', path.slice('chart/'.length)), 'utf8'), path).toBe(await readFile(path, 'utf8'));
  }
});

test("without --out the package writes no chart, since its own is not its user's", async () => {
  expect(await run(installed(), ['chart'])).toMatchObject({ exitCode: 2, stdout: '' });
});

test('helm is given the charts of the package', async () => {
  const packaged = at('installed', 'node_modules', 'packet-capture');
  for (const path of ['chart/Chart.yaml', 'src/release/helm/emptyChart/Chart.yaml', 'LICENSE', 'THIRD-PARTY-LICENSES'])
    expect((await readFile(join(packaged, path), 'utf8')).length, path).toBeGreaterThan(10);
});

test('installed as a plugin of kubectl it names itself so', async () => {
  expect(await run(installed('kubectl-packet_capture'), ['attach', '--help'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^Usage: kubectl packet-capture attach /),
  });
});
