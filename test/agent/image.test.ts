import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';

const root = inject('agentRoot');

/** What only the image without -slim has. */
const more = ['usr/bin/rclone', 'usr/share/doc/rclone', 'usr/bin/busybox', 'usr/share/doc/busybox', 'etc/ssl'];

/** The size of the image's files in megabytes, without some, compressed like a layer. */
async function megabytes(leftOut: readonly string[]): Promise<number> {
  // `/test` is added by the tests.
  const exclude = ['test', ...leftOut].map((path) => `--exclude=./${path}`).join(' ');
  const { stdout } = await run(['sh', '-c', `tar -C '${root}' ${exclude} -c . | gzip | wc -c`]);
  return Number(stdout) / 1e6;
}

test('the image has at most 25 MB compressed, and at most 8 MB without rclone and the shell', async () => {
  const [whole, slim] = await Promise.all([megabytes([]), megabytes(more)]);
  console.log(`image: ${whole.toFixed(1)} MB, slim ${slim.toFixed(1)} MB`);
  expect(whole).toBeLessThan(25);
  expect(slim).toBeLessThan(8);
});

test('the image has only the libraries of tcpdump and BusyBox, and the licences and sources of everything in it', async () => {
  const files = await readdir(join(root, 'usr/lib'), { recursive: true, withFileTypes: true });
  const libraries = files
    .filter((file) => file.isFile() && file.name.includes('.so'))
    .map(({ name }) => name.split('.')[0] ?? '');
  // Debian's own libpcap would bring libdbus, libsystemd, libcap and libm.
  expect(libraries.filter((name) => !name.startsWith('ld-linux-')).toSorted()).toEqual([
    'libc',
    'libcrypto',
    'libpcap',
    'libresolv',
    'libz',
    'libzstd',
  ]);
  const sources = await readFile(join(root, 'usr/share/doc/sources'), 'utf8');
  expect(sources.split('\n').map((line) => line.split(' ')[0])).toEqual([
    'busybox',
    'ca-certificates',
    'glibc',
    'libpcap',
    'libzstd',
    'netbase',
    'openssl',
    'tcpdump',
    'zlib',
    '',
  ]);
  for (const source of ['tcpdump', 'busybox', 'packet-capture-agent', 'rclone']) {
    const texts = await readdir(join(root, 'usr/share/doc', source), { recursive: true });
    expect(
      texts.map((text) => basename(text)).some((text) => /^(copyright|LICEN[CS]E|COPYING)/.test(text)),
      source,
    ).toBe(true);
  }
});

test('tcpdump in the image knows the names of services and protocols', async () => {
  const { stdout } = await run([
    'chroot',
    root,
    '/usr/bin/tcpdump',
    '-y',
    'EN10MB',
    '-d',
    'tcp port https or proto ospf',
  ]);
  // Port 443 and protocol 89.
  expect(stdout).toContain('#0x1bb');
  expect(stdout).toContain('#0x59');
});
