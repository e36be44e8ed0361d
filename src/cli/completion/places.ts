import { pluginName } from '../io/programName.ts';
import { bashScript } from './scripts/bash.ts';
import { fishScript } from './scripts/fish.ts';
import { pluginCompletionBatch, pluginCompletionName, pluginCompletionScript } from './scripts/kubectl.ts';
import { powershellScript } from './scripts/powershell.ts';
import { zshScript } from './scripts/zsh.ts';

export { writtenBy } from './scripts/mark.ts';

/** The shells that have a script, and kubectl for its plugin. */
export const shells = ['bash', 'zsh', 'fish', 'powershell', 'kubectl'] as const;
export type Shell = (typeof shells)[number];

/** What a machine is like, as far as it matters. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The user's home folder. */
  readonly home: string;
  /** Joins the parts of a path. */
  readonly join: (...parts: string[]) => string;
  readonly exists: (path: string) => boolean;
  /** Whether this user may make files in a folder. */
  readonly writable: (folder: string) => boolean;
  /** The text of a file; empty when it cannot be read. */
  readonly read: (path: string) => string;
}

/** A file to write, and what the user must do so that the shell reads it. */
export interface Place {
  readonly shell: Shell;
  readonly path: string;
  readonly text: string;
  /** Whether the file is a program. */
  readonly executable: boolean;
  /** Lines for the user; empty when the shell finds it by itself. */
  readonly notes: readonly string[];
}

/** The script of a shell on a platform. */
export function scriptOf(shell: Shell, platform: NodeJS.Platform): string {
  return {
    bash: bashScript,
    zsh: zshScript,
    fish: fishScript,
    powershell: powershellScript,
    kubectl: platform === 'win32' ? pluginCompletionBatch : pluginCompletionScript,
  }[shell];
}

/** The shells to write for when none is named: the user's own, and kubectl if the plugin is there. */
export function usedShells(machine: Machine): Shell[] {
  const name = /([^/\\]+)$/.exec(machine.env['SHELL'] ?? '')?.[1];
  const own = machine.platform === 'win32' && name === undefined ? 'powershell' : name === 'pwsh' ? 'powershell' : name;
  const plugin = pluginFolder(machine) === undefined ? [] : (['kubectl'] as const);
  return [...shells.filter((shell) => shell === own && shell !== 'kubectl'), ...plugin];
}

/**
 * Where a shell looks for the script.
 * @returns undefined for kubectl, when its plugin is not on the PATH or no folder of the PATH can be written to
 */
export function placeOf(shell: Shell, machine: Machine): Place | undefined {
  const found = finders[shell](machine);
  if (found === undefined) return undefined;
  return { shell, text: scriptOf(shell, machine.platform), executable: shell === 'kubectl', ...found };
}

type Found = Pick<Place, 'path' | 'notes'>;

const finders: Readonly<Record<Shell, (machine: Machine) => Found | undefined>> = {
  bash: (machine) => {
    const { env, join } = machine;
    const folder = absolute(env['BASH_COMPLETION_USER_DIR']) ?? join(dataFolder(machine), 'bash-completion');
    const path = join(folder, 'completions', 'packet-capture');
    return { path, notes: bashNotes(path, machine) };
  },
  zsh: (machine) => {
    const folder = machine.join(dataFolder(machine), 'zsh', 'site-functions');
    return { path: machine.join(folder, '_packet-capture'), notes: zshNotes(folder, machine) };
  },
  fish: (machine) => ({
    path: machine.join(configFolder(machine), 'fish', 'completions', 'packet-capture.fish'),
    notes: [],
  }),
  powershell: (machine) => {
    const { env, home, join, platform } = machine;
    const windows = platform === 'win32';
    const folder = windows ? join(env['APPDATA'] ?? home, 'packet-capture') : join(configFolder(machine), 'powershell');
    const path = join(folder, 'packet-capture.completion.ps1');
    // On Windows the folder of the profile may be anywhere.
    const profile = windows ? '' : machine.read(join(folder, 'Microsoft.PowerShell_profile.ps1'));
    const line = `. '${path.replaceAll("'", "''")}'`;
    return { path, notes: profile.includes(path) ? [] : [`add this line to $PROFILE: ${line}`] };
  },
  kubectl: (machine) => {
    const folder = pluginCompletionFolder(machine);
    if (folder === undefined) return undefined;
    return {
      path: machine.join(folder, pluginCompletionFile(machine.platform)),
      notes: ["kubectl 1.26 or later asks it, when kubectl's own completion is on: kubectl completion --help"],
    };
  },
};

function dataFolder({ env, home, join }: Machine): string {
  return absolute(env['XDG_DATA_HOME']) ?? join(home, '.local', 'share');
}

function configFolder({ env, home, join }: Machine): string {
  return absolute(env['XDG_CONFIG_HOME']) ?? join(home, '.config');
}

/** Undefined for a relative path, which does not count by the XDG base directory specification. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && /^(?:\/|[a-z]:[\\/])/i.test(path) ? path : undefined;
}

/** Where the package bash-completion is, by Linux distributions, Homebrew, MacPorts, FreeBSD and Nix. */
const bashCompletion = [
  '/usr/share/bash-completion/bash_completion',
  '/usr/local/share/bash-completion/bash_completion',
  '/opt/homebrew/share/bash-completion/bash_completion',
  '/opt/local/share/bash-completion/bash_completion',
  '/usr/local/etc/profile.d/bash_completion.sh',
  '/opt/homebrew/etc/profile.d/bash_completion.sh',
  '/run/current-system/sw/share/bash-completion/bash_completion',
];

function bashNotes(path: string, { exists }: Machine): string[] {
  if (bashCompletion.some((file) => exists(file))) return [];
  return [
    'bash finds it by the package bash-completion (2.0 or later), which is not installed here',
    `install that package, or add this line to ~/.bashrc: source ${shellWord(path)}`,
  ];
}

/** zsh has no folder of the user that it reads by itself. */
function zshNotes(folder: string, { env, home, join, read }: Machine): string[] {
  const zshrc = read(join(env['ZDOTDIR'] ?? home, '.zshrc'));
  const short = folder.startsWith(home) ? folder.slice(home.length) : undefined;
  const forms = [folder, ...(short === undefined ? [] : [`~${short}`, `$HOME${short}`, `\${HOME}${short}`])];
  const inPath = (env['FPATH'] ?? '').split(':').includes(folder);
  if (inPath || forms.some((form) => zshrc.includes(form))) return [];
  return [
    `zsh does not look into that folder yet: add this line to ~/.zshrc, before compinit: fpath=(${shellWord(folder)} $fpath)`,
    'without a line with compinit there, add this one after it: autoload -U compinit && compinit',
  ];
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The name of the program that kubectl asks. */
export function pluginCompletionFile(platform: NodeJS.Platform): string {
  return platform === 'win32' ? `${pluginCompletionName}.cmd` : pluginCompletionName;
}

/** The folders of the PATH. */
export function pathFolders({ env, platform }: Machine): string[] {
  const path = env['PATH'] ?? env['Path'] ?? '';
  return path.split(platform === 'win32' ? ';' : ':').filter((folder) => folder !== '');
}

function pluginFolder(machine: Machine): string | undefined {
  const endings = machine.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  return pathFolders(machine).find((folder) =>
    endings.some((ending) => machine.exists(machine.join(folder, `${pluginName}${ending}`))),
  );
}

/** Next to the plugin; where this user may not write there, the user's own folder of programs. */
function pluginCompletionFolder(machine: Machine): string | undefined {
  const plugin = pluginFolder(machine);
  if (plugin === undefined) return undefined;
  const own = machine.join(machine.home, '.local', 'bin');
  const folders = [plugin, ...pathFolders(machine).filter((folder) => folder === own)];
  return folders.find((folder) => machine.writable(folder));
}
