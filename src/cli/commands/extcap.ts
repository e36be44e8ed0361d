import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { form } from '../../build.ts';
import { codedError } from '../../errors.ts';
import {
  extcapFolders,
  launcherMark,
  launcherName,
  launcherText,
  type LauncherMachine,
} from '../../extcap/launcher.ts';
import { configurationFolder } from '../../wireshark/index.ts';
import { say } from '../io/output.ts';
import { removeScript, writeScript } from '../io/ownScript.ts';
import { pluginName } from '../io/programName.ts';

/** `extcap`: the interfaces "Kubernetes: CONTEXT" in Wireshark. */
export function addExtcap(program: Command): void {
  const extcap = program
    .command('extcap')
    .description(
      "let Wireshark list the contexts of kubectl's configuration as interfaces, and capture pods from there",
    )
    .helpCommand(false)
    .addHelpText('after', '\nIn Wireshark: Capture > Refresh Interfaces, then the gear next to "Kubernetes: CONTEXT".');
  extcap
    .command('install')
    .description(
      'write a launcher to the folder where Wireshark looks for such programs; it keeps the present PATH and KUBECONFIG',
    )
    .option('--dry-run', 'say what would be done; write nothing')
    .action(async (flags: ExtcapFlags) => {
      await install(flags);
    });
  extcap
    .command('uninstall')
    .description('remove the launcher that `install` wrote')
    .option('--dry-run', 'say what would be done; remove nothing')
    .action(async (flags: ExtcapFlags) => {
      await uninstall(flags);
    });
}

interface ExtcapFlags {
  readonly dryRun?: boolean;
}

const mark = { text: launcherMark, command: 'packet-capture extcap install' };

/** @throws USAGE, FILE_EXISTS, FILE_UNREADABLE, FILE_UNWRITABLE */
async function install({ dryRun = false }: ExtcapFlags): Promise<void> {
  const machine = thisMachine();
  const text = launcherText(machine, ownCommand());
  for (const path of launcherPaths(machine)) {
    const done = await writeScript({ path, text, executable: true }, mark, dryRun);
    say(done === 'unchanged' ? `up to date: ${path}` : `${dryRun ? `would be ${done}` : done}: ${path}`);
  }
  if (!dryRun) say('in Wireshark: Capture > Refresh Interfaces, then the gear next to "Kubernetes: CONTEXT"');
}

/** @throws USAGE, FILE_EXISTS, FILE_UNREADABLE, FILE_UNWRITABLE */
async function uninstall({ dryRun = false }: ExtcapFlags): Promise<void> {
  let removed = 0;
  for (const path of launcherPaths(thisMachine())) {
    if (!(await removeScript(path, mark, dryRun))) continue;
    removed += 1;
    say(`${dryRun ? 'would be removed' : 'removed'}: ${path}`);
  }
  if (removed === 0) say('nothing to remove');
}

function thisMachine(): LauncherMachine {
  const { KUBECONFIG: files = '' } = process.env;
  // Wireshark has another working folder.
  const paths = files.split(delimiter).map((path) => (path === '' ? '' : resolve(path)));
  const environment = files === '' ? process.env : { ...process.env, KUBECONFIG: paths.join(delimiter) };
  return { platform: process.platform, environment, join };
}

/** @throws USAGE without a home folder */
function launcherPaths(machine: LauncherMachine): string[] {
  const configuration = configurationFolder(machine.environment, machine.platform, existsSync);
  const folders = extcapFolders(machine, configuration);
  if (folders.length === 0)
    throw codedError('USAGE', 'the home folder is not known', { hint: 'Set the environment variable HOME.' });
  return folders.map((folder) => join(folder, launcherName(machine.platform)));
}

/** How the launcher starts this program. */
function ownCommand(): readonly string[] {
  if (form === 'executable') return [stableName(process.execPath)];
  return [process.execPath, resolve(process.argv[1] ?? '')];
}

/** A name on the PATH that leads to the program, because an update may give the program itself another path. */
function stableName(program: string): string {
  const names = ['packet-capture', pluginName].map((name) => (process.platform === 'win32' ? `${name}.exe` : name));
  const paths = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = paths
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => leadsTo(path, program));
  return found === undefined ? program : resolve(found);
}

function leadsTo(path: string, program: string): boolean {
  try {
    return realpathSync(path) === realpathSync(program);
  } catch {
    return false;
  }
}
