import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clusterCommands, writeProgram } from '../support/commands/clusterCommands.ts';
import { processesLeft } from '../support/commands/processesLeft.ts';

let folder = '';

/** Hangs like a wrapper: it has a child process that keeps its output open. */
const hangs = 'sleep 600 &\nwait';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-interrupt-'));
  await writeProgram(join(folder, 'hanging'), `: >"$READY"\n${hangs}`);
  await writeProgram(
    join(folder, 'helm'),
    `if [ "$1" = version ]; then echo v4.3.0; exit 0; fi\n: >"$READY"\n${hangs}`,
  );
  // Answers once, which is enough for commands that repeat their requests.
  await writeProgram(
    join(folder, 'empty'),
    `: >"$READY"\necho '{"apiVersion":"v1","kind":"List","metadata":{},"items":[]}'`,
  );
});

afterAll(async () => rm(folder, { recursive: true }));

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  /** The processes that were started and still exist. */
  readonly left: readonly string[];
}

async function interrupt(kubectl: string, args: readonly string[], signal: NodeJS.Signals, settleMs = 0): Promise<End> {
  const ready = join(folder, `ready-${Math.random().toString(36).slice(2)}`);
  const env = { ...process.env, KUBECTL: join(folder, kubectl), HELM: join(folder, 'helm'), READY: ready };
  const child = spawn(process.execPath, ['bin/packet-capture.js', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stdout.resume();
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  while ((await readFile(ready).catch(() => undefined)) === undefined && child.exitCode === null) await pause(20);
  await pause(settleMs);
  child.kill(signal);
  const [code, ended] = await closed;
  return { code, signal: ended, stderr, left: await processesLeft(ready) };
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((done) => setTimeout(done, milliseconds));
}

/** Commands that end before anybody can press a key, or that do not handle signals themselves. */
const offline = [
  'inject',
  'uninject',
  'diff',
  'certs',
  'chart',
  'policy',
  'settings',
  'completion',
  'extcap',
  'version',
];

test('every command is in one of these lists', async () => {
  const child = spawn(process.execPath, ['bin/packet-capture.js', '--help'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let help = '';
  child.stdout.on('data', (chunk: Buffer) => {
    help += chunk.toString();
  });
  await once(child, 'close');
  const names = [...help.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
  expect(new Set(names)).toEqual(new Set([...Object.keys(clusterCommands), ...offline]));
});

test.each(Object.keys(clusterCommands))(
  'Ctrl-C ends %s with 130, and all processes that it has started',
  async (name) => {
    const { code, signal, left } = await interrupt('hanging', [name, ...(clusterCommands[name] ?? [])], 'SIGINT');
    expect({ code, signal, left }).toEqual({ code: 130, signal: null, left: [] });
  },
);

test.each([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s ends a command with %i', async (signal, expected) => {
  const { code, left, stderr } = await interrupt('hanging', ['status'], signal);
  expect({ code, left }).toEqual({ code: expected, left: [] });
  expect(stderr).toContain('error INTERRUPTED');
});

test.each([
  ['status --watch', ['status', '--watch']],
  ['stream', ['stream', '-l', 'app=web', '-o', '-']],
])('%s, which only Ctrl-C ends, ends with 130 too', async (_, args) => {
  const { code, stderr, left } = await interrupt('empty', args, 'SIGINT', 700);
  expect({ code, left }).toEqual({ code: 130, left: [] });
  expect(stderr).not.toContain('error');
});
