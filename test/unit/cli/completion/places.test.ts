import { posix, win32 } from 'node:path';
import { describe, expect, test } from 'vitest';
import { placeOf, scriptOf, shells, usedShells, type Machine } from '../../../../src/cli/completion/places.ts';
import { writtenBy } from '../../../../src/cli/completion/scripts/mark.ts';

const linux: Machine = {
  env: { SHELL: '/usr/bin/zsh', PATH: '/usr/bin:/home/ann/.local/bin' },
  platform: 'linux',
  home: '/home/ann',
  join: posix.join,
  exists: () => false,
  writable: () => true,
  read: () => '',
};

const path = (shell: (typeof shells)[number], machine: Partial<Machine> = {}): string | undefined =>
  placeOf(shell, { ...linux, ...machine })?.path;
const notes = (shell: (typeof shells)[number], machine: Partial<Machine> = {}): readonly string[] | undefined =>
  placeOf(shell, { ...linux, ...machine })?.notes;

describe('placeOf', () => {
  test('is where each shell looks', () => {
    expect(path('bash')).toBe('/home/ann/.local/share/bash-completion/completions/packet-capture');
    expect(path('zsh')).toBe('/home/ann/.local/share/zsh/site-functions/_packet-capture');
    expect(path('fish')).toBe('/home/ann/.config/fish/completions/packet-capture.fish');
    expect(path('powershell')).toBe('/home/ann/.config/powershell/packet-capture.completion.ps1');
  });

  test('follows the variables of the environment, when they are absolute', () => {
    const env = { XDG_DATA_HOME: '/data', XDG_CONFIG_HOME: '/config', BASH_COMPLETION_USER_DIR: '/bc' };
    expect(path('bash', { env })).toBe('/bc/completions/packet-capture');
    expect(path('zsh', { env })).toBe('/data/zsh/site-functions/_packet-capture');
    expect(path('fish', { env })).toBe('/config/fish/completions/packet-capture.fish');
    expect(path('fish', { env: { XDG_CONFIG_HOME: 'config' } })).toBe(
      '/home/ann/.config/fish/completions/packet-capture.fish',
    );
  });

  test('of bash needs the package bash-completion, and says so when it is missing', () => {
    expect(notes('bash')?.join('\n')).toContain('bash-completion (2.0 or later), which is not installed here');
    expect(notes('bash', { home: '/home/a b' })?.[1]).toContain(
      "source '/home/a b/.local/share/bash-completion/completions/packet-capture'",
    );
    expect(notes('bash', { exists: (file) => file === '/usr/share/bash-completion/bash_completion' })).toEqual([]);
  });

  test('of zsh needs a line in .zshrc, unless it is there', () => {
    expect(notes('zsh')?.[0]).toContain('fpath=(/home/ann/.local/share/zsh/site-functions $fpath)');
    for (const folder of ['~', '$HOME', '${HOME}', '/home/ann']) {
      const read = (file: string): string =>
        file === '/home/ann/.zshrc' ? `fpath+=(${folder}/.local/share/zsh/site-functions)` : '';
      expect(notes('zsh', { read })).toEqual([]);
    }
    expect(notes('zsh', { env: { FPATH: '/x:/home/ann/.local/share/zsh/site-functions' } })).toEqual([]);
  });

  test('of PowerShell needs a line in the profile, unless it is there', () => {
    expect(notes('powershell')?.[0]).toContain(". '/home/ann/.config/powershell/packet-capture.completion.ps1'");
    const read = (): string => `. '/home/ann/.config/powershell/packet-capture.completion.ps1'`;
    expect(notes('powershell', { read })).toEqual([]);
    const env = { APPDATA: 'C:\\Users\\ann\\AppData\\Roaming' };
    const windows = { platform: 'win32', join: win32.join, home: 'C:\\Users\\ann', env } as const;
    expect(path('powershell', windows)).toBe(
      'C:\\Users\\ann\\AppData\\Roaming\\packet-capture\\packet-capture.completion.ps1',
    );
  });

  test('of kubectl is next to the plugin, or in the own folder of programs; without the plugin there is none', () => {
    expect(path('kubectl')).toBeUndefined();
    const exists = (file: string): boolean => file === '/usr/bin/kubectl-packet_capture';
    expect(path('kubectl', { exists })).toBe('/usr/bin/kubectl_complete-packet_capture');
    const writable = (folder: string): boolean => folder.startsWith('/home/');
    expect(path('kubectl', { exists, writable })).toBe('/home/ann/.local/bin/kubectl_complete-packet_capture');
    expect(path('kubectl', { exists, writable, env: { PATH: '/usr/bin' } })).toBeUndefined();
    const windows = { platform: 'win32', join: win32.join, env: { Path: 'C:\\bin' } } as const;
    expect(path('kubectl', { ...windows, exists: (file) => file === 'C:\\bin\\kubectl-packet_capture.exe' })).toBe(
      'C:\\bin\\kubectl_complete-packet_capture.cmd',
    );
  });
});

test('usedShells are the own shell, and kubectl with its plugin', () => {
  expect(usedShells(linux)).toEqual(['zsh']);
  expect(usedShells({ ...linux, env: { SHELL: '/bin/dash' } })).toEqual([]);
  expect(usedShells({ ...linux, env: { SHELL: '/opt/pwsh' } })).toEqual(['powershell']);
  expect(usedShells({ ...linux, env: {}, platform: 'win32' })).toEqual(['powershell']);
  expect(usedShells({ ...linux, exists: () => true })).toEqual(['zsh', 'kubectl']);
});

test('every script names its writer in the first three lines, by which it is known', () => {
  for (const shell of shells)
    for (const platform of ['linux', 'win32'] as const)
      expect(scriptOf(shell, platform).split('\n').slice(0, 3).join('\n')).toContain(writtenBy);
});
