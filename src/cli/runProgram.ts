import type { Command } from 'commander';
import { plainBooleans } from './flags/connectionFlags.ts';
import { interruptedExitCode, reportError } from './io/exit.ts';

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
