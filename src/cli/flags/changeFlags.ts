import { Option, type Command } from 'commander';
import { skipReasons } from '../../inject/index.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import type { ChangeOptions, ChangeResult } from '../../ways/patch/changeWorkload.ts';
import { interruption } from '../io/interruption.ts';
import { printJson, say } from '../io/output.ts';
import type { ConnectionFlags } from './connectionFlags.ts';
import { durationOfFlag } from './flagValues.ts';

/** The flags that `patch` and `unpatch` share. */
export interface ChangeFlags extends ConnectionFlags {
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly wait?: boolean;
  readonly timeout: string;
  readonly output?: 'json';
}

/** Adds the flags that `patch` and `unpatch` share. */
export function addChangeFlags(command: Command): Command {
  return command
    .option('--dry-run', 'let the API server check everything and store nothing; prints the JSON Patch')
    .option('--force', 'change it even if its pods would be refused')
    .option('--wait', 'wait until every pod has the new template')
    .option('--timeout <DURATION>', 'for --wait', '5m')
    .addOption(new Option('-o, --output <FORMAT>', 'json: the result, for programs').choices(['json']));
}

/**
 * The options of a change in the cluster. Ctrl-C ends the waiting and the running kubectl; stored changes stay.
 * @throws USAGE for a timeout that is not a duration
 */
export async function changeOptions(target: string, flags: ChangeFlags): Promise<ChangeOptions> {
  const { makeKubectl } = await import('../../kubernetes/kubectl.ts');
  const timeoutSeconds = durationOfFlag(flags.timeout, '--timeout', { example: '5m' });
  const signal = interruption();
  const connection = { ...clusterFlagsOf(flags), namespace: flags.namespace };
  return {
    target,
    kubectl: makeKubectl({ ...connection, signal }),
    afterwards: makeKubectl(connection),
    dryRun: flags.dryRun === true,
    force: flags.force === true,
    wait: flags.wait === true,
    timeoutSeconds,
    signal,
    report: say,
  };
}

/** The result as JSON, the patch of a dry run, or one line. */
export function printChange(result: ChangeResult, output: 'json' | undefined): void {
  const object = `${result.kind.toLowerCase()}/${result.name} in ${result.namespace}`;
  if (output === 'json') printJson(result);
  else if (result.result === 'dry-run') printJson(result.patch);
  else
    say(
      result.reason === undefined
        ? `${object}: ${result.result}`
        : `${object}: ${result.result}: ${result.reason}: ${skipReasons[result.reason]}`,
    );
}
