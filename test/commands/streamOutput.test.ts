import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isBrokenPipe } from '../../src/cli/io/output.ts';
import { openStreamOutput } from '../../src/cli/io/streamOutput.ts';
import { writeProgram } from '../support/commands/clusterCommands.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-output-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

test('stream refuses to write packets to a terminal', async () => {
  const { isTTY } = process.stdout;
  try {
    Object.defineProperty(process.stdout, 'isTTY', { value: true, configurable: true });
    await expect(openStreamOutput('-', false)).rejects.toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('wireshark -k -i -') as string,
    });
  } finally {
    Object.defineProperty(process.stdout, 'isTTY', { value: isTTY, configurable: true });
  }
});

test('stream creates the file with the first packets, only for its owner, and replaces one only with --force', async () => {
  const path = join(folder, 'web.pcapng');
  await (await openStreamOutput(path, false)).close();
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  const output = await openStreamOutput(path, false);
  await output.write(Buffer.from('one'));
  await output.write(Buffer.from(' two'));
  await output.close();
  expect(await readFile(path, 'utf8')).toBe('one two');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await expect(openStreamOutput(path, false)).rejects.toMatchObject({ code: 'FILE_EXISTS', where: path });
  const forced = await openStreamOutput(path, true);
  expect(await readFile(path, 'utf8')).toBe('one two');
  await forced.write(Buffer.from('new'));
  await forced.close();
  expect(await readFile(path, 'utf8')).toBe('new');
  const late = await openStreamOutput(join(folder, 'late'), false);
  await writeFile(join(folder, 'late'), 'of another');
  await expect(late.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'EEXIST' });
});

test('with --force a link is replaced and not followed, and a pipe is written to', async () => {
  const [precious, path] = [join(folder, 'precious'), join(folder, 'link.pcapng')];
  await writeFile(precious, 'mine');
  for (const target of [precious, join(folder, 'absent')]) {
    await symlink(target, path);
    const output = await openStreamOutput(path, true);
    await output.write(Buffer.from('packets'));
    await output.close();
    expect((await lstat(path)).isFile()).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toBe('packets');
    await rm(path);
  }
  expect(await readFile(precious, 'utf8')).toBe('mine');
  await expect(stat(join(folder, 'absent'))).rejects.toMatchObject({ code: 'ENOENT' });
  await symlink('/dev/null', path);
  const output = await openStreamOutput(path, true);
  await output.write(Buffer.from('packets'));
  await output.close();
  expect((await lstat(path)).isSymbolicLink()).toBe(true);
});

test('a reader that closes fails the write, and a slow reader does not stop the program', async () => {
  const program = `
    import { isBrokenPipe } from ${JSON.stringify(join(import.meta.dirname, '../../src/cli/io/output.ts'))};
    import { openStreamOutput } from ${JSON.stringify(join(import.meta.dirname, '../../src/cli/io/streamOutput.ts'))};
    const output = await openStreamOutput('-', false);
    const ticks = setInterval(() => console.error('alive'), 50);
    await output.write(Buffer.alloc(1_000_000)).catch((error) => console.error('broken', isBrokenPipe(error)));
    clearInterval(ticks);
  `;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  // Nothing reads its standard output, and then it is closed.
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString();
    if (said.split('alive').length >= 4) child.stdout.destroy();
  });
  const [code] = (await once(child, 'close')) as [number];
  expect([code, said]).toEqual([0, expect.stringContaining('broken true')]);
  expect(isBrokenPipe(new Error('EPIPE'))).toBe(false);
});

const attach = ['attach', 'web-1', '--image', 'registry.example/agent:1', '-o'];

test.each([
  ['attach -o to a file that exists', attach, 'precious', 'FILE_EXISTS'],
  ['attach -o into no folder', attach, 'nowhere/web.pcapng', 'FILE_UNWRITABLE'],
  ['download --merge into no folder', ['download', 'web-1', '--merge'], 'nowhere/web.pcapng', 'FILE_UNWRITABLE'],
])('%s is refused before the cluster is asked for anything', async (_, args, name, code) => {
  const [asked, kubectl] = [join(folder, 'asked'), join(folder, 'kubectl')];
  await writeProgram(kubectl, `touch ${asked}; exit 1`);
  const { exitCode, stderr } = await execa(process.execPath, ['bin/packet-capture.js', ...args, join(folder, name)], {
    reject: false,
    env: { KUBECTL: kubectl },
  });
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`error ${code}`)]);
  await expect(stat(asked)).rejects.toMatchObject({ code: 'ENOENT' });
});
