import { codedError } from '../../errors.ts';
import { questionText } from './output.ts';

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
