import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { codedError } from '../../errors.ts';
import {
  pathFolders,
  placeOf,
  pluginCompletionFile,
  scriptOf,
  shells,
  usedShells,
  writtenBy,
  type Machine,
  type Place,
  type Shell,
} from '../completion/places.ts';
import { collect } from '../flags/connectionFlags.ts';
import { printData, say } from '../io/output.ts';
import { presentAt, removeScript, writeScript } from '../io/ownScript.ts';

/** What each script says about itself. */
const mark = { text: writtenBy, command: 'packet-capture completion' };

const names: Readonly<Record<Shell, string>> = {
  bash: 'bash',
  zsh: 'zsh',
  fish: 'fish',
  powershell: 'PowerShell',
  kubectl: 'kubectl, for its plugin packet-capture',
};

/** `completion`: prints, installs and removes the scripts by which shells complete the words of this program. */
export function addCompletion(program: Command): void {
  const completion = program
    .command('completion')
    .description('complete commands, flags, settings, and names of the cluster in the shell')
    .helpCommand(false);
  for (const shell of shells) {
    completion
      .command(shell)
      .description(`print the script for ${names[shell]}`)
      .action(() => {
        printData(scriptOf(shell, process.platform).replace(/\r?\n$/, ''));
      });
  }
  const install = completion
    .command('install')
    .description('write the script where the shell looks for it; says what it did and what is left to do');
  addShellFlags(install, 'default: that of $SHELL, and kubectl when the plugin is on the PATH').action(
    async (flags: CompletionFlags) => {
      await runInstall(flags);
    },
  );
  const uninstall = completion
    .command('uninstall')
    .description('remove the scripts that `install` wrote, and no other');
  addShellFlags(uninstall, 'default: all').action(async (flags: CompletionFlags) => {
    await runUninstall(flags);
  });
}

interface CompletionFlags {
  readonly shell?: readonly Shell[];
  readonly dryRun?: boolean;
}

function addShellFlags(command: Command, byDefault: string): Command {
  const shell = new Option('--shell <SHELL>', `the shell; may be repeated (${byDefault})`).choices(shells);
  const check = shell.parseArg;
  shell.argParser((value: string, values: readonly string[] | undefined) => {
    check?.(value, undefined as never);
    return collect(value, values);
  });
  return command.addOption(shell).option('--dry-run', 'say what would be done; write nothing');
}

/** @throws USAGE, REQUIREMENT_MISSING, FILE_EXISTS, FILE_UNREADABLE, FILE_UNWRITABLE */
async function runInstall({ shell, dryRun = false }: CompletionFlags): Promise<void> {
  const machine = thisMachine();
  const wanted = shell ?? usedShells(machine);
  if (wanted.length === 0)
    throw codedError('USAGE', 'the environment variable SHELL names no shell that has a script', {
      where: '--shell',
      hint: `Name it: ${shells.join(', ')}.`,
    });
  const places = wanted.map((name) => foundPlace(name, machine));
  for (const { path, notes, shell: name, ...file } of places) {
    const done = await writeScript({ path, ...file }, mark, dryRun);
    if (done === 'unchanged') say(`${name}: ${path} is up to date`);
    else say(`${name}: ${dryRun ? `would be ${done}` : done}: ${path}`);
    for (const note of notes) say(`${name}: ${note}`);
  }
  if (!dryRun) say('new shells use it');
}

function foundPlace(shell: Shell, machine: Machine): Place {
  const place = placeOf(shell, machine);
  if (place !== undefined) return place;
  throw codedError(
    'REQUIREMENT_MISSING',
    'the plugin kubectl-packet_capture is not on the PATH, or no folder there can be written to',
    {
      where: '--shell kubectl',
      hint: 'Install the plugin first, or save the output of `packet-capture completion kubectl` as kubectl_complete-packet_capture in a folder of the PATH, and make it executable.',
    },
  );
}

/** @throws FILE_EXISTS for a named shell, FILE_UNREADABLE, FILE_UNWRITABLE */
async function runUninstall({ shell, dryRun = false }: CompletionFlags): Promise<void> {
  const machine = thisMachine();
  let removed = 0;
  for (const name of shell ?? shells) {
    for (const path of await installedPaths(name, machine)) {
      // Without --shell, a file of somebody else is no concern of this command.
      if (shell === undefined && (await presentAt(path, mark)).by !== 'this program') continue;
      if (!(await removeScript(path, mark, dryRun))) continue;
      removed += 1;
      say(`${name}: ${dryRun ? 'would be removed' : 'removed'}: ${path}`);
    }
  }
  if (removed === 0) say('nothing to remove');
}

/** Of kubectl, wherever it is on the PATH: the plugin may be gone. */
async function installedPaths(shell: Shell, machine: Machine): Promise<string[]> {
  const place = placeOf(shell, machine);
  if (shell !== 'kubectl') return place === undefined ? [] : [place.path];
  const paths = new Set(pathFolders(machine).map((folder) => join(folder, pluginCompletionFile(machine.platform))));
  const ours: string[] = [];
  for (const path of paths) if ((await presentAt(path, mark)).by === 'this program') ours.push(path);
  return ours;
}

function thisMachine(): Machine {
  const env = process.env;
  const platform = process.platform;
  const home = env['HOME'] ?? env['USERPROFILE'];
  if (home === undefined || home === '')
    throw codedError('USAGE', 'the home folder is not known', {
      hint: 'Set the environment variable HOME, or print the script: packet-capture completion bash.',
    });
  return {
    env,
    platform,
    home,
    join,
    exists: existsSync,
    writable: (folder) => {
      try {
        accessSync(folder, constants.W_OK);
        return true;
      } catch {
        return false;
      }
    },
    read: (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return '';
      }
    },
  };
}
