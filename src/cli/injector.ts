import { Command } from 'commander';
import { version } from '../version.ts';
import { programOutput } from './io/output.ts';
import { addCommands, type CommandEntry } from './lazyCommands.ts';
import { runProgram } from './runProgram.ts';

/** The program in the injector's image: the admission server, and what the chart's hooks and tests run. */
const entries: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'answer admission reviews',
    load: async () => (await import('./injector/serve.ts')).addServe,
  },
  {
    name: 'check',
    summary: 'ask a running injector as the API server does',
    load: async () => (await import('./injector/check.ts')).addCheck,
  },
  {
    name: 'opt-in',
    summary: 'the hook after an install or upgrade',
    load: async () => (await import('./injector/optIn.ts')).addOptIn,
  },
  {
    name: 'opt-out',
    summary: 'the hook before an upgrade or uninstall',
    load: async () => (await import('./injector/optOut.ts')).addOptOut,
  },
];

async function makeProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('injector')
    .description('The injector of packet-capture.')
    .usage('COMMAND [flags]')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .configureOutput(programOutput)
    .showHelpAfterError('Run it with --help.')
    .exitOverride();
  return addCommands(program, entries, args);
}

// Not awaited, because the bundle is CommonJS, which has no top-level await.
void runProgram(makeProgram);
