/** The machine on which Wireshark runs, as far as it matters. */
export interface LauncherMachine {
  readonly platform: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Joins the parts of a path. */
  readonly join: (...parts: string[]) => string;
}

/** The first argument by which the launcher calls this program; Wireshark's own follow. */
export const extcapArgument = '__extcap';

/** What a file must contain so that it counts as written by this program. */
export const launcherMark = 'written by packet-capture extcap install';

/** The variables that a program which is started from a desktop lacks, and kubectl needs. */
const kept = ['KUBECONFIG', 'KUBECTL', 'PACKET_CAPTURE_IMAGE'] as const;

/**
 * Wireshark's folders for the extcap programs of this user: up to version 4.0 within its configuration, and except on
 * Windows in another place since. Each version reads one of them. Empty without a home folder. Pure.
 * @param configuration Wireshark's folder for the settings of this user
 * @see https://gitlab.com/wireshark/wireshark wsutil/filesystem.c, get_extcap_pers_dir
 */
export function extcapFolders(
  { platform, environment, join }: LauncherMachine,
  configuration: string | undefined,
): string[] {
  const old = configuration === undefined ? [] : [join(configuration, 'extcap')];
  const { HOME: home = '' } = environment;
  if (platform === 'win32' || home === '') return old;
  return [join(home, '.local', 'lib', 'wireshark', 'extcap'), ...old];
}

/** The name of the launcher: Wireshark starts just `.exe` and `.bat` on Windows. */
export function launcherName(platform: string): string {
  return platform === 'win32' ? 'packet-capture.bat' : 'packet-capture';
}

/**
 * The text of the launcher. Who starts Wireshark from a desktop has a short PATH, without kubectl and credential
 * plugins, so the present one is written into it, and what else kubectl needs. Pure.
 */
export function launcherText(machine: LauncherMachine, argv: readonly string[]): string {
  return machine.platform === 'win32' ? batchText(machine, argv) : shellText(machine, argv);
}

function shellText({ environment }: LauncherMachine, argv: readonly string[]): string {
  const defaults = kept.flatMap((name) => {
    const value = environment[name] ?? '';
    return value === '' ? [] : [`[ -n "\${${name}+set}" ] || export ${name}=${shellWord(value)}`];
  });
  return `${[
    '#!/bin/sh',
    `# ${launcherMark}; \`packet-capture extcap uninstall\` removes it`,
    `PATH="\${PATH:+$PATH:}"${shellWord(environment['PATH'] ?? '')}`,
    'export PATH',
    ...defaults,
    `exec ${argv.map(shellWord).join(' ')} ${extcapArgument} "$@"`,
  ].join('\n')}\n`;
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function batchText({ environment }: LauncherMachine, argv: readonly string[]): string {
  const defaults = kept.flatMap((name) => {
    const value = environment[name] ?? '';
    return value === '' ? [] : [`if not defined ${name} set "${name}=${batchWord(value)}"`];
  });
  return [
    '@echo off',
    `rem ${launcherMark}; \`packet-capture extcap uninstall\` removes it`,
    'setlocal',
    `set "PATH=%PATH%;${batchWord(environment['PATH'] ?? environment['Path'] ?? '')}"`,
    ...defaults,
    `${argv.map((word) => `"${batchWord(word)}"`).join(' ')} ${extcapArgument} %*`,
    '',
  ].join('\r\n');
}

/** A percent sign stands for a variable. */
function batchWord(text: string): string {
  return text.replaceAll('%', '%%').replaceAll('"', '');
}
