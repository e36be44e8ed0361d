import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bashScript } from '../../src/cli/completion/scripts/bash.ts';
import { writeProgram } from '../support/commands/clusterCommands.ts';
import { processesLeft } from '../support/commands/processesLeft.ts';

const bin = join(import.meta.dirname, '../../bin/packet-capture.js');
/** The machine may be busy. */
const patient = { PACKET_CAPTURE_COMPLETION_TIMEOUT: '25s' };

let folder = '';
const at = (...parts: string[]): string => join(folder, ...parts);

interface Ran {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [bin, ...args], {
    cwd: folder,
    reject: false,
    env: { HOME: at('home'), KUBECTL: at('kubectl'), SHELL: '/bin/bash', ...patient, ...env },
  });
  return { exitCode, stdout, stderr };
}

/** The lines that a shell gets for these words, of which the last is being typed. */
async function complete(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const { exitCode, stdout, stderr } = await run(['__complete', '--', ...words], env);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout.split('\n');
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-completion-'));
  await writeProgram(
    at('kubectl'),
    `echo "$@" >>"${at('calls')}"
case "$*" in
*get-contexts*) echo prod; echo 'odd $(touch pwned)' ;;
*'get namespaces'*) echo 'shop   Active   5d' ;;
*'get pods'*) echo 'web-1   1/1   Running   0   5d'; echo 'Warning: odd' >&2 ;;
*) echo 'deployment.apps/web   1/1'; echo 'Error from server (Forbidden): jobs' >&2; exit 1 ;;
esac`,
  );
});

afterAll(async () => rm(folder, { recursive: true }));

describe('__complete', () => {
  test("prints candidates with their meanings, and Cobra's directive", async () => {
    expect(await complete(['unp'])).toEqual(['unpatch\tundo patch: restore the original spec', ':4']);
    expect(await complete(['inject', '-f', ''])).toEqual([':0']);
  });

  test('lists pods and workloads, with the flags that are typed; a type that is forbidden is left out', async () => {
    const words = ['stream', '--context', 'prod', '-n', 'shop', '--kubeconfig=k', ''];
    expect(await complete(words)).toEqual(['web-1\t1/1 Running 0 5d', 'deployment/web\t1/1', ':4']);
    const calls = await readFile(at('calls'), 'utf8');
    expect(calls.match(/--kubeconfig=k --context=prod --namespace=shop .*get /g)).toHaveLength(2);
    expect(await complete(['stream', 'dep'])).toEqual(['deployment/web\t1/1', ':4']);
  });

  test('lists namespaces and contexts', async () => {
    expect(await complete(['stream', '-n', ''])).toEqual(['shop\tActive 5d', ':4']);
    expect(await complete(['stream', '--context=p'])).toEqual(['prod', ':4']);
  });

  test('offers files next to pods where both are taken', async () => {
    await writeFile(at('web.pcapng'), '');
    await mkdir(at('webs'), { recursive: true });
    expect(await complete(['summary', 'web'])).toEqual([
      'web-1\t1/1 Running 0 5d',
      'web.pcapng\tfile',
      'webs/\tfolder',
      ':0',
    ]);
  });

  test('offers paths next to json where both are taken, and leaves them to the shell after what is not json', async () => {
    const place = at('paths');
    await mkdir(join(place, 'captures'), { recursive: true });
    await writeFile(join(place, 'jar.pcapng'), '');
    await symlink('captures', join(place, 'jumps'));
    const json = 'json\tthe result, for programs, also next to a path';
    const inPlace = async (...words: readonly string[]): Promise<string[]> =>
      (await execa(process.execPath, [bin, '__complete', '--', ...words], { cwd: place })).stdout.split('\n');
    const [folders, files] = [['captures/\tfolder', 'jumps/\tfolder'], ['jar.pcapng\tfile']];
    expect((await inPlace('attach', '-o', '')).toSorted()).toEqual([':0', json, ...folders, ...files].toSorted());
    expect((await inPlace('download', '-o', '')).toSorted()).toEqual([':4', json, ...folders].toSorted());
    expect(await inPlace('download', '--output=j')).toEqual([json, 'jumps/\tfolder', ':4']);
    expect(await inPlace('download', '-o', 'cap')).toEqual([':16']);
    expect(await inPlace('attach', '-o', 'jar')).toEqual([':0']);
  });

  test.each([
    ['is not there', '/no/such/kubectl'],
    ['has a quote without an end', "kubectl '"],
  ])('says nothing when kubectl %s', async (_, kubectl) => {
    expect(await complete(['stream', ''], { KUBECTL: kubectl })).toEqual([':4']);
  });

  test('ends a kubectl that does not answer, with all its processes', async () => {
    // A wrapper that ignores SIGTERM, with a child process that keeps the output open.
    await writeProgram(at('hanging'), `trap '' TERM\nsleep 600 &\nwait\nsleep 600`);
    const mark = `completion-${process.pid}`;
    const env = { KUBECTL: at('hanging'), MARK: mark, PACKET_CAPTURE_COMPLETION_TIMEOUT: '2s' };
    expect(await complete(['stream', ''], env)).toEqual([':4']);
    expect(await processesLeft(mark)).toEqual([]);
  });
});

describe('the script for bash', () => {
  /** The words that bash offers, where the cursor is at the end of the line. */
  const offered = (line: string): string[] => {
    const script = `
set -eu
packet-capture() { "${process.execPath}" "${bin}" "$@"; }
source completion.bash
COMP_LINE=$1 COMP_POINT=\${#1} COMP_TYPE=9
words=$1; words=\${words//=/ = }; words=\${words//:/ : }
set -f; read -ra COMP_WORDS <<<"$words"
case $1 in *[[:space:]=:]) [[ $1 == *[=:] ]] || COMP_WORDS+=('') ;; esac
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
last=\${COMP_WORDS[COMP_CWORD]}; case $last in =|:) last='' ;; esac
compopt() { echo "compopt $*"; }
_packet_capture packet-capture "$last" ''
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = { ...process.env, ...patient, HOME: folder, KUBECTL: at('kubectl') };
    const found = execFileSync('bash', ['-c', script, 'bash', line], { cwd: folder, env, encoding: 'utf8' });
    return found.trimEnd().split('\n');
  };

  beforeAll(async () => writeFile(at('completion.bash'), bashScript));

  test('joins the words that bash divides, and quotes what it offers', () => {
    expect(offered('packet-capture stream --context=o')).toEqual([
      'compopt +o default',
      String.raw`odd\ \$\(touch\ pwned\)`,
    ]);
  });

  test('runs nothing of what is typed', async () => {
    offered('packet-capture stream --filter=$(touch pwned) `touch pwned` --names ');
    expect(await readdir(folder)).not.toContain('pwned');
  });
});

describe('completion', () => {
  const script = (): string => at('home/.local/share/bash-completion/completions/packet-capture');

  test('prints the scripts', async () => {
    expect((await run(['completion', 'bash'])).stdout).toBe(bashScript.trimEnd());
    expect((await run(['completion', 'zsh'])).stdout).toMatch(/^#compdef packet-capture\n/);
  });

  test('install writes the script of the own shell once, and uninstall removes it', async () => {
    expect((await run(['completion', 'install', '--dry-run'])).stderr).toContain(`would be written: ${script()}`);
    await expect(stat(script())).rejects.toThrow('ENOENT');
    expect((await run(['completion', 'install'])).stderr).toContain(`bash: written: ${script()}`);
    expect(await readFile(script(), 'utf8')).toBe(bashScript);
    expect((await run(['completion', 'install'])).stderr).toContain(`${script()} is up to date`);
    await writeFile(script(), bashScript.replace('complete -o', 'complete  -o'));
    expect((await run(['completion', 'install'])).stderr).toContain(`bash: updated: ${script()}`);
    expect((await run(['completion', 'uninstall', '--dry-run'])).stderr).toContain(`would be removed: ${script()}`);
    expect((await run(['completion', 'uninstall'])).stderr).toContain(`bash: removed: ${script()}`);
    expect(await run(['completion', 'uninstall'])).toMatchObject({ exitCode: 0, stderr: 'nothing to remove' });
    expect(await readdir(dirname(script()))).toEqual([]);
  });

  test('leaves what it did not write', async () => {
    await mkdir(dirname(script()), { recursive: true });
    await writeFile(script(), '# mine\n');
    const refused = await run(['completion', 'install', '--shell', 'bash']);
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('error FILE_EXISTS') as string });
    expect(await run(['completion', 'uninstall'])).toMatchObject({ exitCode: 0, stderr: 'nothing to remove' });
    expect((await run(['completion', 'uninstall', '--shell', 'bash'])).exitCode).toBe(1);
    expect(await readFile(script(), 'utf8')).toBe('# mine\n');
    // A link may lead to a file that others use, even to one of ours.
    await rm(script());
    await writeFile(at('linked'), bashScript.replace('complete -o', 'complete  -o'));
    await symlink(at('linked'), script());
    expect((await run(['completion', 'install'])).exitCode).toBe(1);
    expect((await run(['completion', 'uninstall', '--shell', 'bash'])).exitCode).toBe(1);
    expect(await readFile(at('linked'), 'utf8')).toContain('complete  -o');
  });

  test('names the shells when it does not know the own one', async () => {
    const { exitCode, stderr } = await run(['completion', 'install'], { SHELL: '/bin/dash', PATH: '/usr/bin' });
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Name it: bash, zsh') as string,
    });
    expect((await run(['completion', 'install', '--shell', 'tcsh'])).exitCode).toBe(2);
  });

  test('of the plugin is next to it, and is what kubectl asks', async () => {
    await mkdir(at('plugin'));
    const env = { PATH: [at('plugin'), process.env['PATH'] ?? ''].join(delimiter) };
    expect(await run(['completion', 'install', '--shell', 'kubectl'], env)).toMatchObject({ exitCode: 1 });
    await writeProgram(at('plugin/kubectl-packet_capture'), `exec "${process.execPath}" "${bin}" "$@"`);
    expect((await run(['completion', 'install', '--shell', 'kubectl'], env)).stderr).toContain(
      `kubectl: written: ${at('plugin/kubectl_complete-packet_capture')}`,
    );
    const { stdout } = await execa(at('plugin/kubectl_complete-packet_capture'), ['stream', '--context', 'p'], {
      env: { ...env, ...patient, KUBECTL: at('kubectl') },
    });
    expect(stdout.split('\n')).toEqual(['prod', ':4']);
    await chmod(at('plugin/kubectl-packet_capture'), 0o644);
    expect((await run(['completion', 'uninstall'], env)).stderr).toContain('kubectl: removed');
  });
});
