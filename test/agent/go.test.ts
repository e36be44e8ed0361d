import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { capture } from '../../scripts/cluster/command.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { agentModule, ensureGoTools, go } from '../support/agent/goTools.ts';

beforeAll(() => ensureGoTools(stderrProgress));

/** The time to compile everything for the first time, also for the race detector. */
const cold = 600_000;

test('the agent is formatted by gofmt', async () => {
  expect(await go(['gofmt', '-l', '.'])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
});

test.each([
  ['go vet', ['go', 'vet', './...']],
  ['staticcheck', ['go', 'tool', 'staticcheck', './...']],
  ['go mod tidy', ['go', 'mod', 'tidy', '-diff']],
])(
  '%s reports nothing',
  async (_, argv) => {
    const { exitCode, stdout, stderr } = await go(argv);
    // It prints the modules that it downloads for the first time.
    const said = stderr.split('\n').filter((line) => !line.startsWith('go: downloading'));
    expect({ exitCode, stdout, stderr: said.join('\n') }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  },
  cold,
);

/** A separate Go module because of its many dependencies; linked statically as in the image. */
const rclone = join(agentModule, 'rclone');
const plain = ['env', 'CGO_ENABLED=0', 'go'];

test.each([
  ['gofmt', ['gofmt', '-l', '.']],
  ['go vet', [...plain, 'vet', './...']],
  ['go mod tidy', [...plain, 'mod', 'tidy', '-diff']],
])(
  '%s reports nothing in rclone',
  async (_, argv) => {
    const { exitCode, stdout, stderr } = await go(argv, rclone);
    const said = stderr.split('\n').filter((line) => !line.startsWith('go: downloading'));
    expect({ exitCode, stdout, stderr: said.join('\n') }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  },
  cold,
);

/** The first program of the emulated machine in which the long tests capture. */
const machine = join(import.meta.dirname, '..', 'support', 'long', 'machine');

test.each([
  ['gofmt', ['gofmt', '-l', '.']],
  ['go vet', ['env', 'CGO_ENABLED=0', 'GOARCH=arm64', 'go', 'vet', '.']],
])(
  '%s reports nothing in the program of the emulated machine',
  async (_, argv) => {
    expect(await go(argv, machine)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  },
  cold,
);

// Before the agent's tests, which build it too and have less time.
test(
  'the tests of rclone pass',
  async () => {
    const { exitCode, stdout, stderr } = await go([...plain, 'test', './...'], rclone);
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    const build = await go([...plain, 'build', '-trimpath', '-ldflags', '-s -w', '-o', '/dev/null', '.'], rclone);
    expect(build.exitCode, build.stderr).toBe(0);
  },
  cold,
);

test(
  'the tests of the agent pass with the race detector',
  async () => {
    const { exitCode, stdout, stderr } = await go(['go', 'test', '-race', '-timeout', '5m', './...']);
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toMatch(/^ok {2}/m);
  },
  cold,
);

test('shellcheck reports nothing about the scripts of the image', async () => {
  const folder = join(agentModule, 'image');
  const scripts = (await readdir(folder)).filter((name) => name.endsWith('.sh'));
  expect(scripts).not.toEqual([]);
  const paths = scripts.map((name) => join(folder, name));
  expect(await capture(['shellcheck', '--external-sources', '--source-path=SCRIPTDIR', ...paths])).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: '',
  });
});
