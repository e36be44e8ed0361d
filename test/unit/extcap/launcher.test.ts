import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { extcapFolders, launcherName, launcherText } from '../../../src/extcap/launcher.ts';

const slash = (...parts: string[]): string => parts.join('/');

test('the launcher of Unix gives all arguments on, keeps the PATH of its writer, and leaves what is set', () => {
  const folder = mkdtempSync(join(tmpdir(), "packet-capture-it's "));
  const script = join(folder, 'own.sh');
  writeFileSync(script, 'printf "%s\\n" "$PATH" "$KUBECONFIG" "$KUBECTL" "$@"');
  const environment = { PATH: "/opt/it's:/bin", KUBECONFIG: '/a b/$HOME', KUBECTL: 'kubectl --warnings-as-errors' };
  const text = launcherText({ platform: 'linux', environment, join: slash }, ['/bin/sh', script]);
  const launcher = join(folder, 'packet-capture');
  writeFileSync(launcher, text, { mode: 0o755 });
  const run = (env: Record<string, string>): string[] =>
    execFileSync(launcher, ['--capture', '--filter', 'a \'b\' $c "d"'], { env, encoding: 'utf8' })
      .trimEnd()
      .split('\n');
  const args = ['__extcap', '--capture', '--filter', 'a \'b\' $c "d"'];
  expect(run({ PATH: '/usr/bin' })).toEqual([
    "/usr/bin:/opt/it's:/bin",
    '/a b/$HOME',
    'kubectl --warnings-as-errors',
    ...args,
  ]);
  expect(run({ PATH: '/usr/bin', KUBECONFIG: '/mine' }).slice(1, 2)).toEqual(['/mine']);
  rmSync(folder, { recursive: true });
});

test('the launcher of Windows is a batch file, because Wireshark starts nothing else there', () => {
  const environment = { Path: String.raw`C:\100%\bin`, KUBECONFIG: String.raw`C:\kube config` };
  const text = launcherText({ platform: 'win32', environment, join: slash }, [
    String.raw`C:\Program Files\node.exe`,
    String.raw`C:\packet-capture.js`,
  ]);
  expect(launcherName('win32')).toBe('packet-capture.bat');
  expect(text.split('\r\n').slice(2)).toEqual([
    'setlocal',
    String.raw`set "PATH=%PATH%;C:\100%%\bin"`,
    String.raw`if not defined KUBECONFIG set "KUBECONFIG=C:\kube config"`,
    String.raw`"C:\Program Files\node.exe" "C:\packet-capture.js" __extcap %*`,
    '',
  ]);
});

test('the folders are those of each version of Wireshark', () => {
  const machine = { environment: { HOME: '/home/me' }, join: slash };
  expect(extcapFolders({ ...machine, platform: 'linux' }, '/home/me/.config/wireshark')).toEqual([
    '/home/me/.local/lib/wireshark/extcap',
    '/home/me/.config/wireshark/extcap',
  ]);
  expect(extcapFolders({ ...machine, platform: 'win32' }, 'C:/Roaming/Wireshark')).toEqual([
    'C:/Roaming/Wireshark/extcap',
  ]);
  expect(extcapFolders({ ...machine, environment: {}, platform: 'linux' }, undefined)).toEqual([]);
});
