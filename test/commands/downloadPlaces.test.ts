import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeProgram } from '../support/commands/clusterCommands.ts';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop', uid: 'u1' },
  spec: { containers: [{ name: 'app' }], initContainers: [{ name: 'packet-capture', image: 'agent' }] },
  status: { phase: 'Running', initContainerStatuses: [{ name: 'packet-capture', state: { running: {} } }] },
};

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-places-'));
});
afterEach(async () => rm(folder, { recursive: true }));

/** Runs `download web-1`, in a cluster in which it has no files. */
async function download(...args: readonly string[]): Promise<{ exitCode: number | undefined; stderr: string }> {
  const list = `printf '{"state":"idle"}\\nnow 2026-11-29T12:00:00Z\\n'`;
  await writeProgram(
    join(folder, 'kubectl'),
    `case "$*" in *--list*) ${list};; *) echo '${JSON.stringify(pod)}';; esac`,
  );
  const { exitCode, stderr } = await execa(process.execPath, ['bin/packet-capture.js', 'download', 'web-1', ...args], {
    reject: false,
    env: { KUBECTL: join(folder, 'kubectl') },
  });
  return { exitCode, stderr };
}

test.each<[string, string, (place: string) => string[], string]>([
  ['a file for --output', 'file', (place) => ['--output', place], 'it is a file, and the name of a folder is wanted'],
  [
    'a file in the path of --output',
    'file',
    (place) => ['--output', join(place, 'captures')],
    'it is a file, and the name of a folder is wanted',
  ],
  ['a folder for --merge', 'folder', (place) => ['--merge', place], 'it is a folder, and the name of a file is wanted'],
  [
    'a folder that does not exist for --merge',
    'folder',
    (place) => ['--merge', join(place, 'absent', 'all.pcapng')],
    'it, or a folder above it, does not exist (ENOENT)',
  ],
])('says in words what is wrong with %s, before the cluster is asked', async (_, kind, args, message) => {
  const place = join(folder, 'place');
  await (kind === 'file' ? writeFile(place, 'older') : mkdir(place));
  const { exitCode, stderr } = await download(...args(place));
  expect(stderr).toContain(`error FILE_UNWRITABLE: ${message}`);
  expect(stderr).not.toMatch(/web-1/);
  expect(exitCode).toBe(1);
  expect(await (kind === 'file' ? readFile(place, 'utf8') : readdir(place))).toHaveLength(kind === 'file' ? 5 : 0);
});

test('a window without a packet is an error with --merge, and an older file of that name stays as it is', async () => {
  const merged = join(folder, 'all.pcapng');
  const args = ['--last', '1m', '--merge', merged, '--output', join(folder, 'captures')];
  const none = await download(...args);
  expect(none.stderr).toContain('error NOTHING_TO_MERGE: no file has a packet of that time\n');
  expect(none.exitCode).toBe(1);
  await writeFile(merged, 'older');
  const { exitCode, stderr } = await download(...args);
  expect(stderr).toMatch(/NOTHING_TO_MERGE: .*the file of that name is an older one, and was left as it is/);
  expect(exitCode).toBe(1);
  expect(await readFile(merged, 'utf8')).toBe('older');
});
