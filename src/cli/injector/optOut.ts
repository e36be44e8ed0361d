import type { Command } from 'commander';
import { optOutTargets, parseTargets, type InjectionKeys } from '../../release/hooks/index.ts';
import { addHookFlags, hookOptions, type HookFlags } from './hookFlags.ts';

interface OptOutFlags extends HookFlags {
  readonly except?: string;
  readonly namespaceLabel?: string;
  readonly annotation?: string;
}

/** `opt-out`: the chart's hook before an upgrade and a rollback (with `--except`) and before an uninstall. */
export function addOptOut(program: Command): void {
  addHookFlags(program.command('opt-out').description('undo what `opt-in` has recorded'))
    .option('--except <JSON>', 'the targets that stay, as for `opt-in`', '[]')
    .option('--namespace-label <KEY>', 'the key that `opt-in` will set; reported if it is not the recorded key')
    .option('--annotation <KEY>', 'the same for workloads')
    .action(async ({ except = '[]', ...flags }: OptOutFlags) => {
      await optOutTargets({ ...hookOptions(flags), except: parseTargets(except, '--except'), keys: keysOf(flags) });
    });
}

function keysOf({ namespaceLabel, annotation }: OptOutFlags): InjectionKeys | undefined {
  return namespaceLabel === undefined || annotation === undefined ? undefined : { namespaceLabel, annotation };
}
