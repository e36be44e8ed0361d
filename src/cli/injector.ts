import { Command } from 'commander';
import { errorTable, formatError, isCodedError } from '../errors.ts';
import { version } from '../version.ts';

/** The program in the injector's image: the admission server, and what the chart's hooks and tests run. */
const entries: readonly { readonly name: string; readonly summary: string; readonly load: () => Promise<(program: Command) => void> }[] = [
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

/** Just the command that is named is loaded: what the server does not need costs it no memory. */
async function makeProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('injector')
    .description('The injector of packet-capture.')
    .usage('COMMAND [flags]')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .showHelpAfterError('Run it with --help.')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  for (const { name, summary, load } of entries) {
    if (args[0] === name) (await load())(program);
    else program.command(name).description(summary);
  }
  return program;
}

try {
  const program = await makeProgram(process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  if (isCodedError(error)) {
    console.error(formatError(error));
    process.exitCode = errorTable[error.code].exit;
  } else {
    console.error(error);
    console.error(`error INTERNAL: ${errorTable.INTERNAL.hint}`);
    process.exitCode = errorTable.INTERNAL.exit;
  }
}
