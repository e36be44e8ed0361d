import type { Command } from 'commander';
import { plainBooleans } from './flags/connectionFlags.ts';
import { reportError } from './io/exitCode.ts';
import { interruptedExitCode } from './io/interruption.ts';

/**
 * Runs a program with this process' arguments. A failure is reported on standard error, with the exit code of its table
 * row. After a signal the exit code is that of the signal, however the command ended.
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
