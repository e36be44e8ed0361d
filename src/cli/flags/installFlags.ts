import type { Command } from 'commander';
import { codedError } from '../../errors.ts';
import { collect } from './connectionFlags.ts';
import { addReleaseFlags, type ReleaseFlags } from './releaseFlags.ts';

/** The flags that `install` and `upgrade` share. */
export interface InstallFlags extends ReleaseFlags {
  readonly values?: readonly string[];
  readonly set?: readonly string[];
  readonly setString?: readonly string[];
  readonly chart?: string;
  readonly force?: boolean;
}

/** Adds the flags of {@link InstallFlags} to a command. */
export function addInstallFlags(command: Command): Command {
  return addReleaseFlags(
    command
      .option('-f, --values <FILE>', "the chart's values in YAML, - for standard input; may be repeated", collect)
      .option('--set <KEY=VALUE>', 'one value, as helm takes it; may be repeated', collect)
      .option('--set-string <KEY=VALUE>', 'one value that is text; may be repeated', collect)
      .option('--chart <DIR>', 'another chart (default: the chart of this version)')
      .option('--force', 'opt targets in even if their pods would be refused or cannot pull the image'),
  );
}

/** @throws USAGE when standard input is named twice */
export function readsStdin({ values = [] }: InstallFlags): boolean {
  const count = values.filter((file) => file === '-').length;
  if (count > 1) throw codedError('USAGE', 'standard input can be read only once', { where: '--values -' });
  return count === 1;
}
