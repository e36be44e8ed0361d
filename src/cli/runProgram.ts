import { inspect } from 'node:util';
import type { Command } from 'commander';
import { errorTable, isCodedError } from '../errors.ts';
import { say, sayError } from './output.ts';

/** Runs a program with this process' arguments; a failure is told on standard error, with the exit code of its table row. */
export async function runProgram(makeProgram: (args: readonly string[]) => Promise<Command>): Promise<void> {
  try {
    const program = await makeProgram(process.argv.slice(2));
    await program.parseAsync();
  } catch (error) {
    if (isCodedError(error)) {
      sayError(error);
      process.exitCode = errorTable[error.code].exit;
    } else {
      say(inspect(error));
      say(`error INTERNAL: ${errorTable.INTERNAL.hint}`);
      process.exitCode = errorTable.INTERNAL.exit;
    }
  }
}
