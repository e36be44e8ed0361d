import { Option, type Command } from 'commander';
import type { CheckFlags } from '../diagnosisCheck.ts';
import { addConnectionFlags } from '../connectionFlags.ts';

/** `check`: is this cluster fit, and which pods miss their sidecar. */
export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .description('audit a cluster: fit for each way, the releases, pods that should carry the sidecar and do not');
  addConnectionFlags(command)
    .option('-A, --all-namespaces', 'the pods of all namespaces (default without -n)')
    .option('--pull', "start the agent's image for a moment in each namespace where pods ask for it")
    .option('--restart', 'roll the workloads whose pods miss the sidecar, where that cures it')
    .option('-y, --yes', 'do not ask before that')
    .addOption(new Option('-o, --output <FORMAT>', 'json: for programs').choices(['json']))
    .addHelpText('after', '\nExit codes: 0 clean or warnings alone, 1 errors, 2 wrong usage.')
    .action(async (flags: CheckFlags) => {
      const { runCheck } = await import('../diagnosisCheck.ts');
      await runCheck(flags);
    });
}
