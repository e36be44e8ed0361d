import type { Command } from 'commander';
import { codedError } from '../../errors.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import { addReleaseFlags, type ReleaseFlags, timeoutOf } from '../flags/releaseFlags.ts';
import { checkConfirmation, confirmation } from '../io/confirmation.ts';
import { interruption } from '../io/interruption.ts';
import { print, printJson, say } from '../io/output.ts';
import { printing } from '../shared/installOrUpgrade.ts';

/** `uninstall`: ways 3 and 4, removes a release with every label and annotation that it set. */
export function addUninstall(program: Command): void {
  const command = program.command('uninstall').description('remove a release, and check that nothing is left');
  addReleaseFlags(command).action(async (flags: ReleaseFlags) => {
    await runUninstall(flags);
  });
}

/** `uninstall`: reports to standard error, and prints what was removed, or the JSON, to standard output. */
export async function runUninstall(flags: ReleaseFlags): Promise<void> {
  checkConfirmation(flags, false);
  const timeoutSeconds = timeoutOf(flags);
  const { formatUninstall, uninstallRelease } = await import('../../release/index.ts');
  const signal = interruption();
  const { release, namespace, output } = flags;
  const cluster = clusterFlagsOf(flags);
  await printing(flags, async (reported) => {
    const outcome = await uninstallRelease({
      release,
      namespace,
      cluster,
      timeoutSeconds,
      signal,
      dryRun: flags.dryRun === true,
      confirm: confirmation(flags, signal),
      report: say,
    });
    if (output === 'json') printJson(outcome);
    else print(formatUninstall(outcome));
    if (outcome.result === 'incomplete') {
      throw reported(
        codedError('UNINSTALL_INCOMPLETE', `${outcome.left.length} objects are left`, {
          where: `release ${release} in namespace ${namespace}`,
        }),
      );
    }
  });
}
