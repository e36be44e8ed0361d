import { CommanderError, type Command } from 'commander';
import { plainBooleans } from './flags/connectionFlags.ts';
import { reportError } from './io/exitCode.ts';
import { interruptedExitCode } from './io/interruption.ts';
import { lostOutput, watchOutputs } from './io/output.ts';

/**
 * Runs a program with this process' arguments. A failure is reported on standard error, with the exit code of its table
 * row, and so is output that is lost. After a signal the exit code is that of the signal, however the command ended.
 */
export async function runProgram(makeProgram: (args: readonly string[]) => Promise<Command>): Promise<void> {
  watchOutputs();
  let reported: unknown;
  try {
    const args = plainBooleans(process.argv.slice(2));
    const program = await makeProgram(args);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    reported = error;
  }
  const lost = await lostOutput();
  if (lost !== undefined && !(reported instanceof Error && reported.cause === lost.cause)) {
    const exitCode = reportError(lost);
    process.exitCode ||= exitCode;
  }
  process.exitCode = interruptedExitCode() ?? process.exitCode;
}

/** Reports an error; commander has printed its own: help, or what is wrong with the arguments. */
function exitCodeOf(error: unknown): number {
  if (!(error instanceof CommanderError)) return reportError(error);
  return error.exitCode === 0 ? 0 : 2;
}
