import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { noProgress } from '../../../../scripts/cluster/progress.ts';
import {
  checkGo,
  ensurePackages,
  findProgram,
  missingPackages,
  newestGo,
  olderGo,
} from '../../../../scripts/cluster/requirements.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-'));
  vi.stubEnv('PATH', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function program(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

test.each([
  ['go1.26.5', '1.26.6', true],
  ['go1.26.6', '1.26.6', false],
  ['go1.26.10', '1.26.6', false],
  ['go1.25.9', '1.26.0', true],
  ['go1.27rc1', '1.26.6', false],
  ['go2.0', '1.26.6', false],
  ['go1.26', '1.26.6', true],
  ['devel go1.28-abcdef', '1.26.6', false],
  ['', '1.26.6', true],
])('%s is older than %s: %s', (found, wanted, expected) => expect(olderGo(found, wanted)).toBe(expected));

test('the newest of several Go versions counts', () => {
  expect(newestGo(['1.26.0', '1.26.6', '1.25.12'])).toBe('1.26.6');
  expect(newestGo([])).toBeUndefined();
});

describe('Go', () => {
  test('that is absent is named in one line', async () => {
    await expect(checkGo('1.26.6')).rejects.toMatchObject({
      code: 'REQUIREMENT_MISSING',
      message: 'needs Go 1.26.6 or later: there is no `go` on the PATH',
    });
  });

  test('that is too old is named with its version', async () => {
    await program('go', 'echo go1.19.8');
    await expect(checkGo('1.26.6')).rejects.toMatchObject({
      code: 'REQUIREMENT_MISSING',
      message: 'needs Go 1.26.6 or later: the one on the PATH is go1.19.8',
    });
  });

  test('that is new enough will do', async () => {
    await program('go', 'echo go1.26.8');
    await expect(checkGo('1.26.6')).resolves.toBeUndefined();
  });
});

describe('packages', () => {
  const packages = [
    { name: 'here', programs: ['pc-here'], files: [process.execPath] },
    { name: 'half', programs: ['pc-here', 'pc-absent'] },
    { name: 'no-file', files: ['/no/such/file'] },
  ];

  test('are missing when one of their programs or files is', async () => {
    await program('pc-here', '');
    expect((await missingPackages(packages)).map(({ name }) => name)).toEqual(['half', 'no-file']);
  });

  test('that cannot be installed are named with what is missing of them', async () => {
    await program('pc-here', '');
    await expect(ensurePackages(packages, noProgress)).rejects.toMatchObject({
      code: 'REQUIREMENT_MISSING',
      message: 'needs pc-here, pc-absent, /no/such/file: there is no apt-get to install half, no-file',
    });
  });

  test('that are all there need no apt-get', async () => {
    await program('pc-here', '');
    await expect(ensurePackages(packages.slice(0, 1), noProgress)).resolves.toBeUndefined();
  });
});

test('a program is looked for on the PATH and in the folders of the superuser', async () => {
  await program('pc-here', '');
  expect(await findProgram('pc-here')).toBe(join(folder, 'pc-here'));
  expect(await findProgram('pc-absent')).toBeUndefined();
});
