import { Option, type Command } from 'commander';
import {
  checkCluster,
  formatCheck,
  restartAll,
  restartTargets,
  type CheckResult,
  type Restarted,
} from '../../diagnosis/index.ts';
import { codedError } from '../../errors.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import { makeKubectl } from '../../kubernetes/kubectl.ts';
import { addConnectionFlags, type ConnectionFlags } from '../flags/connectionFlags.ts';
import { checkConfirmation, confirmation } from '../io/confirmation.ts';
import { interruption } from '../io/interruption.ts';
import { print, printJson, say } from '../io/output.ts';

/** `check`: audits a cluster. */
export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .description('audit a cluster: which ways work, its releases, and pods that should have the sidecar and do not');
  addConnectionFlags(command)
    .option('-A, --all-namespaces', 'all namespaces (the default without -n)')
    .option('--pull', "start the agent's image for a moment in each namespace where pods ask for it")
    .option('--restart', 'restart workloads whose pods get the missing sidecar by a restart')
    .option('-y, --yes', 'do not ask before the restart')
    .addOption(new Option('-o, --output <FORMAT>', 'json: for programs').choices(['json']))
    .addHelpText('after', '\nExit codes: 0 no errors, 1 errors, 2 wrong usage.')
    .action(async (flags: CheckFlags) => {
      await runCheck(flags);
    });
}

/**
 * The flags of `check`. `pull` starts short-lived pods; `restart` replaces pods, and asks before unless `yes` is
 * given.
 */
export interface CheckFlags extends ConnectionFlags {
  readonly allNamespaces?: boolean;
  readonly pull?: boolean;
  readonly restart?: boolean;
  readonly yes?: boolean;
  readonly output?: 'json';
}

/** `check`: prints the result to standard output, and restarts to standard error. */
export async function runCheck(flags: CheckFlags): Promise<void> {
  const { allNamespaces, output } = flags;
  if (allNamespaces === true && flags.namespace !== undefined)
    throw codedError('USAGE', '-n and -A exclude each other');
  if (flags.restart === true) checkConfirmation(flags, false);
  const signal = interruption();
  const cluster = clusterFlagsOf(flags);
  const kubectl = makeKubectl({ ...cluster, signal });
  const pull = flags.pull === true ? { afterwards: makeKubectl(cluster), signal, report: say } : undefined;
  const result = await checkCluster({ kubectl, namespace: flags.namespace, now: new Date(), pull });
  if (output !== 'json') print(formatCheck(result));
  if (!result.ok) process.exitCode = 1;
  const restarted =
    flags.restart === true
      ? await restart(result, async (targets) => restartAll(kubectl, targets), confirmation(flags, signal))
      : undefined;
  if (output === 'json') printJson(restarted === undefined ? result : { ...result, restarted });
}

async function restart(
  { missed, releases }: CheckResult,
  roll: (targets: ReturnType<typeof restartTargets>) => Promise<Restarted[]>,
  confirm: (question: string) => Promise<boolean>,
): Promise<Restarted[]> {
  const targets = restartTargets(missed);
  if (targets.length === 0) {
    say('nothing to restart: no pod would get the sidecar by a restart');
    return [];
  }
  if (releases.some(({ injects }) => injects === false)) {
    say('nothing was restarted: a release does not inject now, so the new pods would miss the sidecar too');
    return [];
  }
  for (const { owner, namespace, pods } of targets)
    say(`${owner} in ${namespace}: ${pods === 1 ? '1 pod misses' : `${pods} pods miss`} the sidecar`);
  if (
    !(await confirm(
      targets.length === 1 ? 'Restart its pods?' : `Restart the pods of these ${targets.length} workloads?`,
    ))
  )
    return [];
  const restarted = await roll(targets);
  for (const { owner, namespace, result, message } of restarted)
    say(`${owner} in ${namespace}: ${result}${message === undefined ? '' : `: ${message}`}`);
  if (restarted.some(({ result }) => result !== 'restarted')) process.exitCode = 1;
  return restarted;
}
