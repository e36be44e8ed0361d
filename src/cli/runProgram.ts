import { inspect } from 'node:util';
import type { Command } from 'commander';
import { errorTable, isCodedError } from '../errors.ts';
import { plainBooleans } from './connectionFlags.ts';
import { interruptedExitCode } from './interruption.ts';
import { say, sayError } from './output.ts';

/**
 * Runs a program with this process' arguments; a failure is reported on standard error, with the exit code of its table
 * row. A command that a signal has ended says so by its exit code, however it ended.
 */
export async function runProgram(makeProgram: (args: readonly string[]) => Promise<Command>): Promise<void> {
  try {
    const args = plainBooleans(process.argv.slice(2));
    const program = await makeProgram(args);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = reportError(error);
  }
  process.exitCode = interruptedExitCode() ?? process.exitCode;
}

/** @returns the exit code */
function reportError(error: unknown): number {
  if (isCodedError(error)) {
    sayError(error);
    return errorTable[error.code].exit;
  }
  say(inspect(error));
  say(`error INTERNAL: ${errorTable.INTERNAL.hint}`);
  return errorTable.INTERNAL.exit;
}
