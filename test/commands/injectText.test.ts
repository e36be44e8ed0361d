import { readFile, writeFile } from 'node:fs/promises';
import { loadAll } from 'js-yaml';
import { expect, test } from 'vitest';
import { articleDeployment } from '../support/article.ts';
import { useCommandFolder } from '../support/commands/commandFolder.ts';

const { at, packetCapture } = useCommandFolder();
const service = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n';

// Each test starts the program, so they run concurrently.

test.concurrent('a stream larger than the memory for it is not written if its last document is invalid', async () => {
  const text = `${articleDeployment}---\n`.repeat(5_000);
  const broken = await packetCapture(['inject', '-f', '-'], `${text}kind: [\n`);
  expect([broken.exitCode, broken.stdout]).toEqual([2, '']);
  expect(broken.stderr).toContain('at -: document 5001, line');
});

test.concurrent.each<[string, Buffer, string, string]>([
  [
    'Latin-1',
    Buffer.from('# one\nkind: D\xe9ployment\n', 'latin1'),
    'FILE_UNREADABLE: line 2 has bytes that are not UTF-8',
    'iconv -f WINDOWS-1252 -t UTF-8 ',
  ],
  [
    'UTF-16 without a byte order mark',
    Buffer.from(articleDeployment, 'utf16le'),
    'FILE_UNREADABLE: the file is encoded as UTF-16 without',
    'iconv -f UTF-16LE -t UTF-8 ',
  ],
  [
    'big-endian UTF-16 without one',
    Buffer.from(articleDeployment, 'utf16le').swap16(),
    'FILE_UNREADABLE: the file is encoded as UTF-16 without',
    'iconv -f UTF-16BE -t UTF-8 ',
  ],
  [
    'half a character of UTF-16',
    Buffer.from('\uFEFFkind: \uD800', 'utf16le'),
    'FILE_UNREADABLE: line 1 has bytes that are not UTF-16',
    'iconv',
  ],
  [
    'UTF-32',
    Buffer.from('\xff\xfe\0\0k\0\0\0', 'latin1'),
    'FILE_UNREADABLE: the file is encoded as UTF-32',
    'iconv -f UTF-32 -t UTF-8 ',
  ],
  [
    'a vault of Ansible',
    Buffer.from('$ANSIBLE_VAULT;1.1;AES256\n3834\n'),
    'MANIFEST_SEALED: the file is encrypted by ansible-vault',
    'Decrypt it first',
  ],
  [
    'a file that git-crypt has locked',
    Buffer.from('\0GITCRYPT\0\x01\xfe', 'latin1'),
    'MANIFEST_SEALED: the file is encrypted by git-crypt',
    'Decrypt it first',
  ],
])('the error for %s names it and says what to do', async (name, bytes, what, hint) => {
  const file = `${name.replaceAll(' ', '-')}.yaml`;
  await writeFile(at(file), bytes);
  const { exitCode, stdout, stderr } = await packetCapture(['inject', '-f', file]);
  expect([exitCode, stdout, stderr.split('\n')[1]]).toEqual([2, '', `  at ${file}`]);
  expect(stderr).toContain(`error ${what}`);
  expect(stderr).toContain(hint);
});

test.concurrent.each([
  ['UTF-16, as PowerShell writes it', (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le')],
  ['big-endian UTF-16', (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16()],
  ['UTF-8 with a byte order mark', (text: string) => Buffer.from(`\uFEFF${text}`)],
])('%s keeps its form with the sidecar, and after its removal', async (name, encode) => {
  const text = articleDeployment.replaceAll('\n', '\r\n').replace('spec:', '# \u00E9\u{1F600}\r\nspec:');
  const file = `${name.split(',')[0]!.replaceAll(' ', '-')}.yaml`;
  await writeFile(at(file), encode(text));
  await packetCapture(['inject', '-f', file, '--in-place']);
  const injected = await readFile(at(file));
  const { stdout } = await packetCapture(['inject', '-f', '-'], text);
  expect(injected).toEqual(encode(stdout));
  await packetCapture(['uninject', '-f', file, '--in-place']);
  expect(await readFile(at(file))).toEqual(encode(text));
  const joined = await packetCapture(['inject', '-f', file, '-f', file]);
  expect(joined.stdout).toBe(`---\n${stdout}---\n${stdout}`);
});

test.concurrent('a byte order mark before a later document is not part of it', async () => {
  const text = `${service}---\n\uFEFF${articleDeployment}\uFEFF---\n# more\n${articleDeployment}`;
  const { stdout, stderr } = await packetCapture(['inject', '-f', '-'], text);
  expect(stderr).toContain('2 injected, 0 skipped\n');
  expect(await packetCapture(['uninject', '-f', '-'], stdout)).toMatchObject({ stdout: text });
});

test.concurrent('each object of a JSON stream is a document where several files become one stream', async () => {
  const pod = (name: string): string =>
    JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [{ name: '} {' }] } });
  // The second has an end of line where the first has none.
  await writeFile(at('first.json'), `${pod('a')}${pod('b')}\n\n${pod('c')}`);
  await writeFile(at('second.json'), `${pod('d')}\n${pod('e')}\n---\n${service}`);
  const { exitCode, stdout, stderr } = await packetCapture(['inject', '-f', 'first.json', '-f', 'second.json']);
  expect(exitCode, stderr).toBe(0);
  const objects = loadAll(stdout) as { metadata: { name: string } }[];
  expect(objects.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c', 'd', 'e', 'web']);
  const alone = await packetCapture(['inject', '-f', 'first.json']);
  expect(
    alone.stdout.split('\n').filter((line) => line.startsWith('---')),
    'a single file stays as it is',
  ).toEqual([]);
});
