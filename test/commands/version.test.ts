import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { version } from '../../src/version.ts';

test('version prints what this program is made of, for people and for programs', async () => {
  const run = async (...args: string[]) => execa(process.execPath, ['bin/packet-capture.js', 'version', ...args]);
  const [people, programs] = await Promise.all([run(), run('-o', 'json')]);
  expect(people.stdout).toMatch(
    new RegExp(`^version  ${version}\ncommit   unknown \\(checkout\\)\nagent    ${version}: `),
  );
  expect(JSON.parse(programs.stdout)).toEqual({
    version,
    commit: null,
    form: 'checkout',
    agentProtocol: { version, commands: ['capture', 'keep', 'send', 'set', 'status', 'version'] },
    node: process.versions.node,
    platform: `${process.platform}/${process.arch}`,
  });
});

test('started as a plugin of kubectl, help and hints name the program as its user types it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-plugin-'));
  try {
    const plugin = join(folder, 'kubectl-packet_capture');
    await symlink(resolve('bin/packet-capture.js'), plugin);
    const run = async (...args: string[]) => execa(process.execPath, [plugin, ...args], { reject: false });
    const [help, hint] = await Promise.all([
      run('stream', '--help'),
      run('chart', '--check', '--out', join(folder, 'chart')),
    ]);
    expect(help.stdout).toMatch(/^Usage: kubectl packet-capture stream /);
    expect(help.stdout).toContain('Into Wireshark: kubectl packet-capture stream deploy/web | wireshark');
    expect(hint.stderr).toContain('the chart is not current: run `kubectl packet-capture chart`');
  } finally {
    await rm(folder, { recursive: true });
  }
});
