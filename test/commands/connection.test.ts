import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterCommands, writeProgram } from '../support/commands/clusterCommands.ts';
import { patienceMs } from '../support/patience.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-connection-'));
  const writesDown = (name: string): string => `{ printf '${name}'; printf '\\t%s' "$@"; echo; } >>"$CALLS"`;
  // An API server that only answers with its version.
  await writeProgram(
    join(folder, 'kubectl'),
    `${writesDown('kubectl')}\necho '{"clientVersion":{"gitVersion":"v1.37.2"},"serverVersion":{"gitVersion":"v1.37.2","minor":"37"},"items":[]}'`,
  );
  await writeProgram(
    join(folder, 'helm'),
    `if [ "$1" = version ]; then echo v4.3.0; exit 0; fi\n${writesDown('helm')}\necho 'Error: release: not found' >&2; exit 1`,
  );
  await writeProgram(
    join(folder, 'k3s'),
    `[ "$1" = kubectl ] || exit 7\nshift\nexec "${join(folder, 'kubectl')}" "$@"`,
  );
  await writeProgram(
    join(folder, 'login'),
    `printf 'To sign in, open https://login.example/device and enter the code ABCD-1234\\n' >&2\nprintf 'Code: ' >&2\nuntil [ -e "$HEARD" ]; do sleep 0.1; done\necho 'error: You must be logged in to the server (Unauthorized)' >&2\nexit 1`,
  );
  await writeProgram(join(folder, 'quick'), `echo 'Error from server (NotFound): pods "web-1" not found' >&2\nexit 1`);
});

afterAll(async () => rm(folder, { recursive: true }));

interface Run {
  readonly exitCode: number | undefined;
  readonly stderr: string;
  /** The program and the arguments of each call. */
  readonly calls: readonly (readonly string[])[];
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const calls = join(folder, `calls-${Math.random().toString(36).slice(2)}`);
  const { exitCode, stderr } = await execa(process.execPath, ['bin/packet-capture.js', ...args], {
    reject: false,
    stdin: 'ignore',
    timeout: patienceMs,
    env: { KUBECTL: join(folder, 'kubectl'), HELM: join(folder, 'helm'), CALLS: calls, ...env },
  });
  const text = await readFile(calls, 'utf8').catch(() => '');
  return {
    exitCode,
    stderr,
    calls: text
      .trim()
      .split('\n')
      .map((line) => line.split('\t')),
  };
}

describe("kubectl's global flags are passed on by", () => {
  const flags = [
    '--as',
    'admin',
    '--as-group=ops',
    '--as-group',
    'on-call',
    '-s',
    'https://10.0.0.1',
    '--request-timeout=7s',
    '--insecure-skip-tls-verify=true',
    '--tls-server-name',
    'api',
    '--cache-dir',
    '/c',
    '--context',
    'prod',
    '--disable-compression',
  ];
  const passed = [
    '--context=prod',
    '--server=https://10.0.0.1',
    '--tls-server-name=api',
    '--insecure-skip-tls-verify=true',
    '--as=admin',
    '--as-group=ops',
    '--as-group=on-call',
    '--cache-dir=/c',
    '--disable-compression=true',
  ];
  const translated = [
    '--kube-context=prod',
    '--kube-apiserver=https://10.0.0.1',
    '--kube-tls-server-name=api',
    '--kube-insecure-skip-tls-verify',
    '--kube-as-user=admin',
    '--kube-as-group=ops',
    '--kube-as-group=on-call',
  ];

  test.each(Object.keys(clusterCommands))('%s', async (name) => {
    const stops = name === 'stream' ? ['--duration', '1s'] : [];
    const { calls, stderr } = await run([name, ...(clusterCommands[name] ?? []), ...stops, ...flags]);
    const ofKubectl = calls.filter(([program]) => program === 'kubectl');
    expect(ofKubectl.length, stderr).toBeGreaterThan(0);
    for (const call of ofKubectl) expect(call).toEqual(expect.arrayContaining([...passed, '--request-timeout=7s']));
    const ofHelm = calls.filter(([program]) => program === 'helm');
    expect(ofHelm.length > 0, stderr).toBe(
      ['upgrade', 'uninstall'].includes(name) || (name === 'install' && ofHelm.length > 0),
    );
    for (const call of ofHelm) expect(call).toEqual(expect.arrayContaining(translated));
  });

  test('status, except for a token, which is in no argument and no message', async () => {
    const { calls, stderr } = await run(['status', 'web-1', '--token', 'SECRET', '--server', 'https://10.0.0.1']);
    expect(calls.flat()).toContain('--user=packet-capture-flags');
    expect(JSON.stringify(calls) + stderr).not.toContain('SECRET');
  });

  test('status, where a flag without a value does not take the name of the pod', async () => {
    const { calls } = await run(['status', '--insecure-skip-tls-verify', 'web-1']);
    expect(calls[0]).toContain('pod/web-1');
    expect((await run(['status', 'web-1', '--insecure-skip-tls-verify=false'])).calls[0]?.join(' ')).not.toContain(
      'insecure',
    );
  });
});

describe('the environment variable KUBECTL', () => {
  test('may have several words', async () => {
    const { calls } = await run(['status'], { KUBECTL: `${join(folder, 'k3s')} kubectl` });
    expect(calls[0]?.slice(0, 2)).toEqual(['kubectl', '--request-timeout=15s']);
  });

  test.each([
    ['/nonexistent/k3s kubectl', 'error KUBECTL_MISSING: the program "/nonexistent/k3s" cannot be started (ENOENT)', 1],
    ["'k3s kubectl", 'error USAGE: the environment variable KUBECTL has a quote without an end', 2],
  ])('is refused: %s, with %s', async (KUBECTL, message, code) => {
    const { stderr, exitCode } = await run(['status'], { KUBECTL });
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });
});

describe("kubectl's messages", () => {
  test('are printed while it waits for the user to sign in, and not again in the error', async () => {
    const child = spawn(process.execPath, ['bin/packet-capture.js', 'status', '-A'], {
      env: { ...process.env, KUBECTL: join(folder, 'login'), HEARD: join(folder, 'heard') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      // It waits for this.
      if (stderr.includes('ABCD-1234')) writeFileSync(join(folder, 'heard'), '');
    });
    await once(child, 'close');
    expect(stderr.split('ABCD-1234')).toHaveLength(2);
    expect(stderr).toContain('enter the code ABCD-1234\nCode: ');
    expect(stderr).toContain('error KUBECTL_FAILED: error: You must be logged in');
  });

  test('about a failure are printed once', async () => {
    const { stderr } = await run(['status', 'web-1'], { KUBECTL: join(folder, 'quick') });
    expect(stderr.split('pods "web-1" not found')).toHaveLength(2);
  });
});

test('helm gets the same connection as kubectl', async () => {
  await writeFile(join(folder, 'empty.kubeconfig'), '');
  const { calls } = await run([
    'uninstall',
    '--yes',
    '--user',
    'robot',
    '--kubeconfig',
    join(folder, 'empty.kubeconfig'),
  ]);
  expect(calls.filter(([program]) => program === 'kubectl')[0]).toEqual(
    expect.arrayContaining(['--user=robot', 'config', 'view']),
  );
  expect(calls.find(([program]) => program === 'helm')?.join(' ')).not.toMatch(/robot|--kubeconfig/);
});
