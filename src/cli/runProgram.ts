import type { Command } from 'commander';
import { errorTable, formatError, isCodedError } from '../errors.ts';

/** Runs a program with this process' arguments; a failure is told on standard error, with the exit code of its table row. */
export async function runProgram(makeProgram: (args: readonly string[]) => Promise<Command>): Promise<void> {
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
}
