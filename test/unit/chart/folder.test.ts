import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { differences, readChartFolder, replaceFolder } from '../../../src/chart/index.ts';

const files = (entries: Readonly<Record<string, string>>) =>
  new Map(Object.entries(entries).map(([path, text]) => [path, Buffer.from(text)]));
const about = 'apiVersion: v2\nname: packet-capture\n';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-chart-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

test('a folder is replaced completely, and stale files are removed', async () => {
  const out = join(folder, 'chart');
  await replaceFolder(out, files({ 'Chart.yaml': about, 'templates/old.yaml': 'old', 'stale/deep/a.txt': '' }));
  await replaceFolder(out, files({ 'Chart.yaml': about, 'templates/new.yaml': 'new' }));
  expect((await readdir(out, { recursive: true })).toSorted()).toEqual([
    'Chart.yaml',
    'templates',
    'templates/new.yaml',
  ]);
  expect(await readdir(folder)).toEqual(['chart']);
  expect([...(await readChartFolder(out)).keys()].toSorted()).toEqual(['Chart.yaml', 'templates/new.yaml']);
});

test('a folder that is not our chart is not changed', async () => {
  await mkdir(join(folder, 'home'));
  await writeFile(join(folder, 'home', 'letter.txt'), 'dear');
  await mkdir(join(folder, 'other'));
  await writeFile(join(folder, 'other', 'Chart.yaml'), 'name: nginx\n');
  await writeFile(join(folder, 'file'), '');
  for (const name of ['home', 'other', 'file']) {
    await expect(replaceFolder(join(folder, name), files({ 'Chart.yaml': about }))).rejects.toMatchObject({
      code: 'FILE_EXISTS',
    });
  }
  expect(await readFile(join(folder, 'home', 'letter.txt'), 'utf8')).toBe('dear');
  expect((await readdir(folder)).toSorted()).toEqual(['file', 'home', 'other']);
});

test('an empty folder is filled, and a link to a chart is followed', async () => {
  await mkdir(join(folder, 'real'));
  await symlink('real', join(folder, 'link'));
  await replaceFolder(join(folder, 'link'), files({ 'Chart.yaml': about }));
  await replaceFolder(join(folder, 'link'), files({ 'Chart.yaml': `${about}# new\n` }));
  expect(await readFile(join(folder, 'real', 'Chart.yaml'), 'utf8')).toContain('# new');
  expect((await readdir(folder)).toSorted()).toEqual(['link', 'real']);
});

test('when a chart cannot be written, the previous one stays', async () => {
  const out = join(folder, 'chart');
  await replaceFolder(out, files({ 'Chart.yaml': about }));
  // The second path needs a folder where the first one is a file.
  const impossible = files({ 'Chart.yaml': 'name: packet-capture\n', a: '', 'a/b': '' });
  await expect(replaceFolder(out, impossible)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE', where: out });
  expect(await readFile(join(out, 'Chart.yaml'), 'utf8')).toBe(about);
  expect(await readdir(folder)).toEqual(['chart']);
});

test('a file with a key is readable by its owner alone', async () => {
  const out = join(folder, 'chart');
  await replaceFolder(out, files({ 'Chart.yaml': about, 'values.yaml': 'key' }), ['values.yaml']);
  expect((await stat(join(out, 'values.yaml'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(out, 'Chart.yaml'))).mode & 0o077).not.toBe(0);
});

test('a link among the templates is refused', async () => {
  await symlink('/etc/hostname', join(folder, 'a.yaml'));
  await expect(readChartFolder(folder)).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    where: join(folder, 'a.yaml'),
  });
});

test('differences are reported', () => {
  const wanted = files({ same: '1', other: '1', gone: '1' });
  expect(differences(wanted, files({ same: '1', other: '2', left: '' }))).toEqual([
    'different: other',
    'missing: gone',
    'stale: left',
  ]);
  expect(differences(wanted, wanted)).toEqual([]);
});
