import { constants } from 'node:os';
import { inspect } from 'node:util';
import { codedError, errorTable, isCodedError } from '../../errors.ts';
import { questionText, say, sayError } from './output.ts';

/** Signals by which users, shells and supervisors end a command. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let interrupted: AbortController | undefined;
let received: (typeof signals)[number] | undefined;

/**
 * A signal that is aborted by Ctrl-C, SIGTERM or SIGHUP, one for the whole process. Whatever the command then returns
 * or throws, the exit code is {@link interruptedExitCode}.
 */
export function interruption(): AbortSignal {
  if (interrupted !== undefined) return interrupted.signal;
  const controller = new AbortController();
  interrupted = controller;
  for (const signal of signals) {
    // Not `once`: without a listener a second signal would end the process before it has reported its state.
    process.on(signal, () => {
      received ??= signal;
      controller.abort();
    });
  }
  return controller.signal;
}

/**
 * The exit code after a signal, as in shells: 128 plus its number, so 130 after Ctrl-C and 143 after SIGTERM. Undefined
 * without a signal.
 */
export function interruptedExitCode(): number | undefined {
  return received === undefined ? undefined : 128 + constants.signals[received];
}

/** Reports an error on standard error. @returns the exit code of its row in the table of src/errors.ts */
export function reportError(error: unknown): number {
  if (isCodedError(error)) {
    sayError(error);
    return errorTable[error.code].exit;
  }
  say(inspect(error));
  say(`error INTERNAL: ${errorTable.INTERNAL.hint}`);
  return errorTable.INTERNAL.exit;
}

/** The flags that answer a question or make it unnecessary. */
export interface ConfirmationFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/**
 * Refuses to run without a terminal to ask at, unless --yes was given.
 * @throws USAGE, before any work is done
 */
export function checkConfirmation({ yes, dryRun }: ConfirmationFlags, stdinTaken: boolean): void {
  if (yes === true || dryRun === true || (process.stdin.isTTY && !stdinTaken)) return;
  throw codedError('USAGE', 'there is no terminal to ask at', {
    where: '--yes',
    hint: 'Add --yes to continue without a question, or --dry-run to look first.',
  });
}

/** Asks on the terminal unless --yes was given. Ctrl-C means no. */
export function confirmation(
  { yes }: Pick<ConfirmationFlags, 'yes'>,
  signal: AbortSignal,
): (question: string) => Promise<boolean> {
  return async (question) => {
    if (yes === true) return true;
    const { createInterface } = await import('node:readline/promises');
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    // In raw mode the terminal does not send the signal, so it is raised here.
    terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    try {
      return /^y(?:es)?$/i.test((await terminal.question(questionText(`${question} [y/N] `), { signal })).trim());
    } catch {
      return false;
    } finally {
      terminal.close();
    }
  };
}
