import { Option, type Command } from 'commander';
import type { ClusterFlags } from '../cluster/clusterFlags.ts';
import { addClusterFlags } from './connectionFlags.ts';
import { codedError } from '../errors.ts';
import { durationOfFlag } from './durationFlag.ts';
import { questionText } from './output.ts';

/** The flags that say which release is meant, and how to behave; shared by install, upgrade and uninstall. */
export interface ReleaseFlags extends ClusterFlags {
  readonly release: string;
  readonly namespace: string;
  readonly timeout: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly output?: 'json';
}

const defaultName = 'packet-capture';

export function addReleaseFlags(command: Command): Command {
  const own = command
    .option('--release <NAME>', 'of the helm release', defaultName)
    .option('-n, --namespace <NAMESPACE>', 'of the release', defaultName)
    .option('--timeout <DURATION>', 'for each thing that helm waits for', '5m')
    .option('--dry-run', 'show what would change; store nothing')
    .option('-y, --yes', 'do not ask')
    .addOption(new Option('-o, --output <FORMAT>', 'json: the result, for programs').choices(['json']));
  return addClusterFlags(own);
}

/** @throws USAGE */
export function timeoutOf({ timeout }: ReleaseFlags): number {
  return durationOfFlag(timeout, '--timeout', { example: '5m' });
}

/**
 * Whoever cannot be asked must have said yes before.
 * @throws USAGE, before any work is done
 */
export function checkConfirmation({ yes, dryRun }: Pick<ReleaseFlags, 'yes' | 'dryRun'>, stdinTaken: boolean): void {
  if (yes === true || dryRun === true || (process.stdin.isTTY && !stdinTaken)) return;
  throw codedError('USAGE', 'there is no terminal to ask at', { where: '--yes', hint: 'Add --yes to go on without a question, or --dry-run to look first.' });
}

/** Asks on the terminal unless --yes was given. Ctrl-C is a no. */
export function confirmation({ yes }: Pick<ReleaseFlags, 'yes'>, signal: AbortSignal): (question: string) => Promise<boolean> {
  return async (question) => {
    if (yes === true) return true;
    const { createInterface } = await import('node:readline/promises');
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    // In raw mode the terminal does not send the signal itself.
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
