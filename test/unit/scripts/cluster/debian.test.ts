import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { absentSuites, furtherSources, packagesDate, upgrade } from '../../../../scripts/cluster/debian.ts';

const root = join(import.meta.dirname, '../../../..');
const installed = 'deb http://mirror.example/debian trixie main\n';

describe('further sources', () => {
  test('come from where this machine has them', () => {
    const listed =
      'http://mirror.example/debian/ bookworm\nhttp://mirror.example/debian/ bookworm-updates\nhttp://security.example/debian-security/ bookworm-security\nhttps://other.example/apt/ stable\n';
    expect([...furtherSources(installed, listed)]).toEqual([
      ['trixie-updates', 'deb http://mirror.example/debian trixie-updates main\n'],
      ['trixie-security', 'deb http://security.example/debian-security trixie-security main\n'],
    ]);
  });
  test.each(['', 'http://archive.example/ubuntu/ noble-security\n'])(
    'there is none for security on a machine that is no Debian: %j',
    (listed) => {
      expect(furtherSources(installed, listed).get('trixie-security')).toBe('');
    },
  );
});

test('what was left out is told from what else is said', () => {
  expect(absentSuites('Reading package lists...\npacket-capture: without the suite trixie-security\nDone\n')).toEqual([
    'trixie-security',
  ]);
});

test('the script is one that a shell reads', async () => {
  expect(await execa('sh', ['-n', '-c', upgrade])).toMatchObject({ exitCode: 0, stderr: '' });
});

test('the day of the packages is a day', () => {
  expect(new Date(packagesDate).toISOString().slice(0, 10)).toBe(packagesDate);
});

describe('what is installed by npm', () => {
  const read = async <T>(file: string): Promise<T> => JSON.parse(await readFile(join(root, file), 'utf8')) as T;
  interface Package {
    readonly version?: string;
    readonly integrity?: string;
    readonly hasInstallScript?: boolean;
  }
  test('is in the lock file with a checksum, each package of it, and runs no script', async () => {
    const { packages } = await read<{ packages: Readonly<Record<string, Package>> }>('package-lock.json');
    const installedPackages = Object.entries(packages).filter(([path]) => path !== '');
    expect(installedPackages.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path)).toEqual([]);
    expect(
      installedPackages.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path),
    ).toEqual([]);
    expect(await read('package.json')).not.toHaveProperty('allowScripts');
  });
  test('Node is one of them: what runs here, and what goes into the image of the injector', async () => {
    const { packages } = await read<{ packages: Readonly<Record<string, Package>> }>('package-lock.json');
    const { version } = await read<{ version: string }>(`node_modules/node-linux-${process.arch}/package.json`);
    expect(packages[`node_modules/node-linux-${process.arch}`]?.version).toBe(version);
    expect(process.version).toBe(`v${version}`);
  });
});

test.each(['agent', 'images/injector', 'scripts/cluster/images/nginx', 'scripts/cluster/images/pause'])(
  '%s can be made from another base',
  async (folder) => {
    expect(await readFile(join(root, folder, 'Dockerfile'), 'utf8')).toMatch(
      /^ARG BASE=docker\.io\/library\/\S+\n[^]*^FROM \$\{BASE\}( AS \w+)?$/m,
    );
  },
);
