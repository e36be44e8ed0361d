import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { programPaths } from '../../scripts/cluster/goBuild.ts';
import { kubernetes } from '../../scripts/cluster/goModules.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensurePackages } from '../../scripts/cluster/requirements.ts';
import { ensureTools } from '../../scripts/cluster/tools.ts';
import { writeProgram } from '../support/commands/clusterCommands.ts';

const root = join(import.meta.dirname, '../..');
const bin = join(root, 'bin/packet-capture.js');
const context = 'arn:aws:eks:eu-1:12:cluster/shop';

/** The shells, and what gives a pseudo-terminal. There is no package of PowerShell. */
const packages = [
  { name: 'bash', programs: ['bash'] },
  { name: 'bash-completion', files: ['/usr/share/bash-completion/bash_completion'] },
  { name: 'zsh', programs: ['zsh'] },
  { name: 'fish', programs: ['fish'] },
  { name: 'bsdutils', programs: ['script'] },
];

const shells = [
  { name: 'bash', command: 'bash -i', startup: '.bashrc', text: 'source /usr/share/bash-completion/bash_completion' },
  { name: 'zsh', command: 'zsh -i', startup: '.zshrc', text: '' },
  {
    name: 'fish',
    command: 'fish -i',
    startup: '.config/fish/config.fish',
    text: 'function fish_prompt; echo "> "; end',
  },
] as const;

let home = '';

beforeAll(async () => {
  await ensurePackages(packages, stderrProgress);
  home = await mkdtemp(join(tmpdir(), 'packet-capture-shells-'));
  await mkdir(join(home, 'bin'));
  for (const name of ['packet-capture', 'kubectl-packet_capture'])
    await writeProgram(
      join(home, 'bin', name),
      `begun=$(date +%s%3N)
"${process.execPath}" "${bin}" "$@"
code=$?
echo $(($(date +%s%3N) - begun)) >>"$HOME/took"
exit $code`,
    );
  await writeProgram(
    join(home, 'bin/answering'),
    `case "$*" in
*get-contexts*) echo ${context} ;;
*'get pods'*) echo 'web-1   1/1   Running   0   5d'; echo 'web-2   0/1   Pending   0   5d' ;;
*'get deployments'*) echo 'deployment.apps/api   1/1' ;;
esac`,
  );
  await writeProgram(join(home, 'bin/hanging'), `trap '' TERM\nsleep 600 &\nwait\nsleep 600`);
  for (const { startup, text } of shells) {
    await mkdir(join(home, '.config/fish'), { recursive: true });
    await writeFile(join(home, startup), `${text}\n`);
  }
  const { stderr } = await execa('packet-capture', ['completion', 'install', ...flagsFor(shells)], {
    env: environment('answering'),
    extendEnv: false,
  });
  // What it says that zsh needs is all that zsh needs.
  const lines = [...stderr.matchAll(/(?:compinit: |after it: )(.+)$/gm)].map(([, line = '']) => line);
  if (lines.length !== 2) throw new Error(`install does not say what zsh needs: ${stderr}`);
  await writeFile(join(home, '.zshrc'), ["PS1='> '", ...lines, ''].join('\n'));
});

afterAll(async () => rm(home, { recursive: true, force: true }));

function flagsFor(all: readonly { readonly name: string }[]): string[] {
  return all.flatMap(({ name }) => ['--shell', name]);
}

function environment(kubectl: string, timeout = '20s'): Record<string, string> {
  return {
    HOME: home,
    PATH: [join(home, 'bin'), process.env['PATH'] ?? ''].join(delimiter),
    KUBECTL: join(home, 'bin', kubectl),
    PACKET_CAPTURE_COMPLETION_TIMEOUT: timeout,
    TERM: 'xterm',
    LANG: 'C.UTF-8',
    SHELL: '/bin/bash',
  };
}

/** A shell in a pseudo-terminal. */
interface Terminal {
  readonly type: (text: string) => void;
  /** Waits until the terminal has shown this since the last call. @returns all that it has shown in this time */
  readonly until: (shown: string | RegExp) => Promise<string>;
  readonly end: () => Promise<void>;
}

async function open(command: string, env: Readonly<Record<string, string>>): Promise<Terminal> {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    'script',
    ['-qfec', `stty cols 160 rows 50; exec ${command}`, '/dev/null'],
    { cwd: root, env, stdio: ['pipe', 'pipe', 'ignore'] },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const plain = (): string => stripVTControlCharacters(output);
  const until = async (shown: string | RegExp): Promise<string> => {
    const end = performance.now() + 60_000;
    const seen = (): boolean => (typeof shown === 'string' ? plain().includes(shown) : shown.test(plain()));
    while (!seen()) {
      if (performance.now() > end) throw new Error(`${command}: no ${String(shown)} in ${JSON.stringify(plain())}`);
      await new Promise((done) => setTimeout(done, 10));
    }
    const text = plain();
    output = '';
    return text;
  };
  const type = (text: string): void => void child.stdin.write(text);
  // The shell reads its files first.
  type('echo rea""dy\r');
  await until(/ready\r?\n/);
  return {
    type,
    until,
    end: async () => {
      const ended = new Promise((done) => child.once('close', done));
      // Ctrl-U clears the line, Ctrl-D ends the shell.
      type('\u0015exit\r');
      await ended;
    },
  };
}

describe.each(shells)('in $name', ({ command }) => {
  test('Tab completes commands, flags, values, files and names of the cluster', async () => {
    const terminal = await open(command, environment('answering'));
    const completes = async (typed: string, whole: string): Promise<void> => {
      terminal.type(`${typed}\t`);
      await terminal.until(whole.slice(typed.length));
      terminal.type('\u0015');
    };
    await completes('packet-capture unp', 'packet-capture unpatch ');
    await completes('packet-capture stream --sel', 'packet-capture stream --selector ');
    await completes('packet-capture attach --state=i', 'packet-capture attach --state=idle');
    await completes('packet-capture inject -f CONTRI', 'packet-capture inject -f CONTRIBUTING.md');
    await completes('packet-capture stream --context=arn', `packet-capture stream --context=${context}`);
    await completes('packet-capture stream --context arn:aws:e', `packet-capture stream --context ${context}`);
    await completes('packet-capture patch dep', 'packet-capture patch deployment/api ');
    // Two pods begin so: bash shows both at the third Tab, with what kubectl says of them; the others at the first.
    terminal.type('packet-capture stream w\t\t\t');
    const shown = await terminal.until(/web-1[^]*web-2[^]*Pending/);
    expect(shown).toContain('1/1 Running');
    await terminal.end();
  });

  test('runs nothing of what is typed', async () => {
    const terminal = await open(command, environment('answering'));
    terminal.type(`packet-capture stream --filter=$(touch ${join(home, 'pwned')}) --sel\t`);
    await terminal.until('ector');
    await terminal.end();
    await expect(readFile(join(home, 'pwned'))).rejects.toThrow('ENOENT');
  });

  test('a Tab takes less than 1.2 s when the cluster does not answer, and the line goes on', async () => {
    const terminal = await open(command, environment('hanging', '1s'));
    await writeFile(join(home, 'took'), '');
    const milliseconds: number[] = [];
    while (milliseconds.length < 3) {
      terminal.type('packet-capture stream zz\t');
      terminal.type('\u0015echo al""ive\r');
      await terminal.until(/alive\r?\n/);
      milliseconds.push(Number((await readFile(join(home, 'took'), 'utf8')).trim().split('\n').at(-1)));
    }
    console.log(JSON.stringify({ shell: command, milliseconds }));
    // The least of them, because the machine has other things to do.
    expect(Math.min(...milliseconds)).toBeGreaterThan(500);
    expect(Math.min(...milliseconds)).toBeLessThan(1200);
    await terminal.end();
  });
});

test('real kubectl completes the words of its plugin', async () => {
  await ensureTools(stderrProgress);
  const { kubectl } = await programPaths(kubernetes);
  const env = environment('answering');
  await execa('packet-capture', ['completion', 'install', '--shell', 'kubectl'], { env, extendEnv: false });
  const { stdout } = await execa(kubectl, ['__complete', 'packet-capture', 'stream', '--context=a'], {
    env,
    extendEnv: false,
  });
  expect(stdout.split('\n')).toEqual([context, ':4']);
});
