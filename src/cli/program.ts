import { Command } from 'commander';
import { version } from '../version.ts';
import { addInject } from './commands/inject.ts';
import { addPatch } from './commands/patch.ts';
import { addSettings } from './commands/settings.ts';
import { addUninject } from './commands/uninject.ts';
import { addUnpatch } from './commands/unpatch.ts';

/**
 * The command line. Each command loads what it needs when it runs, so that `--version` and `--help` stay quick.
 * Wrong usage ends with exit code 2, as in the POSIX utilities.
 */
export function makeProgram(): Command {
  const program = new Command('packet-capture')
    .description("The packets of any Kubernetes workload, without touching the app's image.")
    .version(version, '--version', 'print the version')
    .helpCommand(false)
    .showHelpAfterError('Run the command with --help.')
    .configureHelp({ sortSubcommands: false })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 wrong usage or bad input. Data goes to stdout, reports go to stderr.');
  for (const add of [addInject, addUninject, addPatch, addUnpatch, addSettings]) add(program);
  return program;
}
