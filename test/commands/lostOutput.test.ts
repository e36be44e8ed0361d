import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { useCommandFolder } from '../support/commands/commandFolder.ts';

const { at, put } = useCommandFolder();
const bin = join(import.meta.dirname, '../../bin/packet-capture.js');
const pods = Array.from(
  { length: 200 },
  (_, index) => `apiVersion: v1
kind: Pod
metadata: {name: web-${index}}
spec:
  containers:
    - {name: app, image: app}
`,
).join('---\n');
const inject = ['inject', '--image', 'registry.example/agent:1', '-f', '-'];

async function ended(child: ChildProcess): Promise<number | null> {
  return ((await once(child, 'exit')) as [number | null])[0];
}

test.each([['settings'], inject, ['--help'], ['attach', '--help'], ['--version']])(
  'output of %s that a full disk does not take is an error',
  async (...args) => {
    const full = await open('/dev/full', 'w');
    try {
      const child = spawn(process.execPath, [bin, ...args], { stdio: ['pipe', full.fd, 'pipe'] });
      child.stdin!.end(pods);
      const [code, said] = await Promise.all([ended(child), text(child.stderr!)]);
      expect([code, said]).toEqual([1, expect.stringContaining('error FILE_UNWRITABLE: the disk is full (ENOSPC)')]);
      expect(said).toContain('at standard output');
      expect(said).not.toMatch(/^ +at .*:\d+/m);
    } finally {
      await full.close();
    }
  },
);

test('a reader of standard output that ends early, as head does, is no error', async () => {
  const child = spawn(process.execPath, [bin, ...inject], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdout.destroy();
  child.stdin.end(pods);
  const [code, said] = await Promise.all([ended(child), text(child.stderr)]);
  expect([code, said]).toEqual([0, expect.stringMatching(/200 injected, 0 skipped\n$/)]);
});

test('a command whose reports nobody reads does its work', async () => {
  // Each file begins as pcapng does and then ends, so each gives a warning.
  const files = await Promise.all(['1', '2', '3'].map(async (name) => put(`${name}.pcapng`, '\n\r\r\n')));
  const child = spawn(process.execPath, [bin, 'summary', ...files.map(at), '-o', 'json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr.destroy();
  const [code, written] = await Promise.all([ended(child), text(child.stdout)]);
  expect([code, JSON.parse(written)]).toEqual([0, expect.objectContaining({ packets: 0 })]);
});
