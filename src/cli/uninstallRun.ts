import { clusterFlagsOf } from '../cluster/clusterFlags.ts';
import { codedError } from '../errors.ts';
import { printing } from './installRun.ts';
import { interruption } from './interruption.ts';
import { print, printJson, say } from './output.ts';
import { checkConfirmation, confirmation, timeoutOf, type ReleaseFlags } from './releaseFlags.ts';

/** `uninstall`: the report goes to stderr, what went or the JSON to stdout. */
export async function runUninstall(flags: ReleaseFlags): Promise<void> {
  checkConfirmation(flags, false);
  const timeoutSeconds = timeoutOf(flags);
  const { formatUninstall, uninstallRelease } = await import('../install/index.ts');
  const signal = interruption();
  const { release, namespace, output } = flags;
  const cluster = clusterFlagsOf(flags);
  await printing(flags, async (told) => {
    const outcome = await uninstallRelease({
      release, namespace, cluster, timeoutSeconds, signal,
      dryRun: flags.dryRun === true,
      confirm: confirmation(flags, signal),
      report: say,
    });
    if (output === 'json') printJson(outcome);
    else print(formatUninstall(outcome));
    if (outcome.result === 'incomplete') {
      throw told(codedError('UNINSTALL_INCOMPLETE', `${outcome.left.length} objects are left`, { where: `release ${release} in namespace ${namespace}` }));
    }
  });
}
